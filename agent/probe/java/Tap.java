// SPDX-License-Identifier: Apache-2.0
package gentap;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Collections;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What is called from the JDK's TLS classes (Hooks says from where): hands the plaintext over
 * by a positioned write to /dev/null, whose native method gentap has a probe on. Nothing
 * leaves the process, nothing is kept, and no exception gets out of here: the program must not
 * notice. In the class loader of the JDK itself, whose classes see no other.
 */
public final class Tap {
    // As bpf/java.bpf.c has them.
    private static final long MAGIC = 0x3156_4a50_4154_4e47L;
    private static final int HEAD = 24, WRITE = 0, READ = 1;

    private static final int ROOM = 16384;
    private static final int SPARE_MAX = 32;

    private static MethodHandle write;
    private static FileDescriptor nowhere;
    private static Field addressOfBuffer;
    private static final ArrayBlockingQueue<Chunk> spare = new ArrayBlockingQueue<>(SPARE_MAX);
    private static final AtomicLong last = new AtomicLong();
    private static final Map<Object, Long> connections = Collections.synchronizedMap(new WeakHashMap<>());
    private static final ThreadLocal<int[]> positions = new ThreadLocal<>();

    private Tap() {
    }

    private static final class Chunk {
        final ByteBuffer bytes = ByteBuffer.allocateDirect(HEAD + ROOM).order(ByteOrder.nativeOrder());
        final long address;

        Chunk() throws IllegalAccessException {
            address = addressOfBuffer.getLong(bytes);
        }
    }

    /** Once, before any class calls this one; the packages that it looks into are open to it by then. */
    public static void prepare() throws Exception {
        Method m;
        try {
            m = find("sun.nio.ch.UnixFileDispatcherImpl");
        } catch (ReflectiveOperationException e) { // before JDK 21
            m = find("sun.nio.ch.FileDispatcherImpl");
        }
        m.setAccessible(true);
        write = MethodHandles.lookup().unreflect(m);
        addressOfBuffer = Buffer.class.getDeclaredField("address");
        addressOfBuffer.setAccessible(true);
        nowhere = new FileOutputStream("/dev/null").getFD();
        spare.offer(new Chunk());
    }

    private static Method find(String name) throws ReflectiveOperationException {
        Class<?> c = Class.forName(name, true, null); // and with it libnio
        return c.getDeclaredMethod("pwrite0", FileDescriptor.class, long.class, int.class, long.class);
    }

    /** SSLSocket's output stream is about to send these. */
    public static void written(Object connection, byte[] b, int off, int len) {
        try {
            if (b != null && len > 0)
                emit(WRITE, connection, ByteBuffer.wrap(b, off, len));
        } catch (Throwable t) {
            // The program's own call says what is wrong with it.
        }
    }

    /** SSLSocket's input stream has got n bytes. */
    public static void read(int n, Object connection, byte[] b, int off) {
        try {
            if (n > 0)
                emit(READ, connection, ByteBuffer.wrap(b, off, n));
        } catch (Throwable t) {
            // as above
        }
    }

    /** SSLEngine begins to wrap these, or to unwrap into them. */
    public static void before(ByteBuffer[] buffers, int off, int len) {
        try {
            int[] at = new int[len];
            for (int i = 0; i < len; i++)
                at[i] = buffers[off + i].position();
            positions.set(at);
        } catch (Throwable t) {
            forget();
        }
    }

    /** And has done so: what is before their positions now was sent or received. */
    public static void after(int dir, Object connection, ByteBuffer[] buffers, int off, int len) {
        try {
            int[] at = positions.get();
            for (int i = 0; at != null && i < len && i < at.length; i++) {
                ByteBuffer b = buffers[off + i].duplicate();
                if (b.position() <= at[i])
                    continue;
                b.flip().position(at[i]);
                emit(dir, connection, b);
            }
        } catch (Throwable t) {
            // as above
        }
        forget();
    }

    private static void forget() {
        try {
            positions.remove();
        } catch (Throwable t) {
            // as above
        }
    }

    private static void emit(int dir, Object connection, ByteBuffer from) throws Throwable {
        Long id = connections.get(connection);
        if (id == null) {
            id = last.incrementAndGet();
            connections.put(connection, id);
        }
        Chunk c = spare.poll();
        if (c == null)
            c = new Chunk();
        while (from.hasRemaining()) {
            ByteBuffer part = from.duplicate();
            part.limit(from.position() + Math.min(from.remaining(), ROOM));
            c.bytes.clear();
            c.bytes.putLong(MAGIC).putLong(id).putInt(part.remaining()).putInt(dir).put(part);
            from.position(part.limit());
            int n = (int) write.invokeExact(nowhere, c.address, c.bytes.position(), 0L);
        }
        c.bytes.clear();
        for (int i = 0; i < c.bytes.capacity(); i += 8) // no plaintext stays behind
            c.bytes.putLong(i, 0);
        spare.offer(c);
    }
}
