// SPDX-License-Identifier: Apache-2.0
package gentap;

import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.security.ProtectionDomain;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Where the JDK's TLS is tapped: SSLSocket's two streams and SSLEngine's wrap and unwrap, since
 * JDK 11 the same. All else of these classes stays as it is.
 */
public final class Hooks implements ClassFileTransformer {
    private static final String SSL = "sun/security/ssl/";
    private static final String SOCKET = SSL + "SSLSocketImpl", ENGINE = SSL + "SSLEngineImpl";
    private static final String BUFFERS = "[Ljava/nio/ByteBuffer;II";
    private static final String ENGINE_CALL = "(" + BUFFERS + BUFFERS + ")Ljavax/net/ssl/SSLEngineResult;";

    private static final String[] CLASSES = {SOCKET + "$AppOutputStream", SOCKET + "$AppInputStream", ENGINE};

    private final Set<String> done = new HashSet<>();

    private static Hooks hooks;

    private Hooks() {
    }

    /** All of it or nothing. */
    public static void on(Instrumentation in) throws Exception {
        if (hooks != null)
            return;
        Set<Module> ours = Set.of(Hooks.class.getModule());
        in.redefineModule(Object.class.getModule(), Set.of(), Map.of(),
            Map.of("sun.nio.ch", ours, "java.nio", ours), Set.of(), Map.of());
        Tap.prepare();
        hooks = new Hooks();
        in.addTransformer(hooks, true);
        try {
            for (String name : CLASSES) {
                in.retransformClasses(classOf(name));
                if (!hooks.done.contains(name))
                    throw new IllegalStateException("not as expected: " + name);
            }
        } catch (Throwable t) {
            off(in);
            throw t;
        }
    }

    public static void off(Instrumentation in) throws Exception {
        if (hooks == null)
            return;
        in.removeTransformer(hooks);
        hooks = null;
        for (String name : CLASSES)
            in.retransformClasses(classOf(name));
    }

    private static Class<?> classOf(String name) throws ClassNotFoundException {
        return Class.forName(name.replace('/', '.'), false, null);
    }

    @Override
    public byte[] transform(ClassLoader loader, String name, Class<?> c, ProtectionDomain domain, byte[] bytes) {
        if (c == null || name == null || loader != null || !name.startsWith(SSL))
            return null;
        try {
            Patch p = new Patch(bytes);
            boolean found;
            if (name.equals(CLASSES[0]))
                found = p.method("write", "([BII)V", written(p, name), null);
            else if (name.equals(CLASSES[1]))
                found = p.method("read", "([BII)I", null, read(p, name));
            else if (name.equals(ENGINE))
                found = p.method("wrap", ENGINE_CALL, before(p, 1), after(p, 0, 1)) &&
                    p.method("unwrap", ENGINE_CALL, before(p, 4), after(p, 1, 4));
            else
                return null;
            if (!found)
                return null;
            byte[] changed = p.bytes();
            done.add(name);
            return changed;
        } catch (RuntimeException e) { // another JDK than those known: left alone, and said so
            return null;
        }
    }

    // The stack machine's code: JVMS chapter 6. Slot 0 is `this`.
    private static final int ICONST_0 = 0x03, ILOAD = 0x15, ALOAD = 0x19, DUP = 0x59, GETFIELD = 0xb4, INVOKESTATIC = 0xb8;

    private static Patch.Code socket(Patch p, Patch.Code code, String stream) {
        return code.op(ALOAD, 0).op2(GETFIELD, p.field(stream, "this$0", "L" + SOCKET + ";"));
    }

    private static Patch.Code written(Patch p, String stream) {
        Patch.Code c = socket(p, new Patch.Code(4), stream).op(ALOAD, 1).op(ILOAD, 2).op(ILOAD, 3);
        return c.op2(INVOKESTATIC, p.call("gentap/Tap", "written", "(Ljava/lang/Object;[BII)V"));
    }

    private static Patch.Code read(Patch p, String stream) {
        Patch.Code c = socket(p, new Patch.Code(5).op(DUP), stream).op(ALOAD, 1).op(ILOAD, 2);
        return c.op2(INVOKESTATIC, p.call("gentap/Tap", "read", "(ILjava/lang/Object;[BI)V"));
    }

    private static Patch.Code before(Patch p, int buffers) {
        Patch.Code c = new Patch.Code(3).op(ALOAD, buffers).op(ILOAD, buffers + 1).op(ILOAD, buffers + 2);
        return c.op2(INVOKESTATIC, p.call("gentap/Tap", "before", "(" + BUFFERS + ")V"));
    }

    private static Patch.Code after(Patch p, int dir, int buffers) {
        Patch.Code c = new Patch.Code(5).op(ICONST_0 + dir).op(ALOAD, 0);
        c.op(ALOAD, buffers).op(ILOAD, buffers + 1).op(ILOAD, buffers + 2);
        return c.op2(INVOKESTATIC, p.call("gentap/Tap", "after", "(ILjava/lang/Object;" + BUFFERS + ")V"));
    }
}
