// SPDX-License-Identifier: Apache-2.0
package gentap;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Puts straight code at the beginning of methods and before their returns. The JDK has had
 * three libraries for that, each in some versions only; the format of class files (JVMS chapter
 * 4) stays. What is put in uses no local variable of its own and leaves the stack as it found
 * it, so the frames that the verifier is told of stay true at their instructions.
 *
 * Throws RuntimeException where a class is not as it should be: nothing is changed then.
 */
final class Patch {
    private byte[] in;
    private final int constantsEnd;
    private final int[] constants; // where each is; 0: none
    private final ByteArrayOutputStream added = new ByteArrayOutputStream();
    private int n;

    /** Instructions, and how deep they make the stack. */
    static final class Code {
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        final int stack;

        Code(int stack) {
            this.stack = stack;
        }

        Code op(int op) {
            bytes.write(op);
            return this;
        }

        Code op(int op, int slot) {
            return op(op).op(slot);
        }

        Code op2(int op, int constant) {
            return op(op).op(constant >> 8).op(constant & 255);
        }
    }

    Patch(byte[] in) {
        this.in = in;
        n = u2(8);
        constants = new int[n];
        int at = 10;
        for (int i = 1; i < n; i++) {
            constants[i] = at;
            switch (in[at]) {
            case 1: // Utf8
                at += 3 + u2(at + 1);
                break;
            case 5: // Long, Double: two entries
            case 6:
                at += 9;
                i++;
                break;
            case 7: // Class, String, MethodType, Module, Package
            case 8:
            case 16:
            case 19:
            case 20:
                at += 3;
                break;
            case 15: // MethodHandle
                at += 4;
                break;
            case 3: // Integer, Float, references, NameAndType, dynamic ones
            case 4:
            case 9:
            case 10:
            case 11:
            case 12:
            case 17:
            case 18:
                at += 5;
                break;
            default:
                throw new IllegalArgumentException("constant of kind " + in[at]);
            }
        }
        constantsEnd = at;
    }

    private int u1(int at) {
        return in[at] & 255;
    }

    private int u2(int at) {
        return u1(at) << 8 | u1(at + 1);
    }

    private int u4(int at) {
        return u2(at) << 16 | u2(at + 2);
    }

    private boolean is(int constant, String text) {
        int at = constants[constant];
        return in[at] == 1 && Arrays.equals(Arrays.copyOfRange(in, at + 3, at + 3 + u2(at + 1)), text.getBytes());
    }

    // ---- Constants of our own, behind those that are there ----------------------------------

    private int add(int kind, int... halves) {
        added.write(kind);
        for (int h : halves)
            put2(added, h);
        return n++;
    }

    private int text(String s) {
        byte[] b = s.getBytes();
        int i = add(1, b.length);
        added.write(b, 0, b.length);
        return i;
    }

    private int member(int kind, String owner, String name, String type) {
        int c = add(7, text(owner));
        return add(kind, c, add(12, text(name), text(type)));
    }

    int field(String owner, String name, String type) {
        return member(9, owner, name, type);
    }

    int call(String owner, String name, String type) {
        return member(10, owner, name, type);
    }

    // ---- The class --------------------------------------------------------------------------

    byte[] bytes() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(in, 0, 8);
        put2(out, n);
        out.write(in, 10, constantsEnd - 10);
        out.write(added.toByteArray(), 0, added.size());
        out.write(in, constantsEnd, in.length - constantsEnd);
        return out.toByteArray();
    }

    private int skipAttributes(int at) {
        int count = u2(at);
        at += 2;
        for (int i = 0; i < count; i++)
            at += 6 + u4(at + 2);
        return at;
    }

    /** False: there is no such method with code. Either of the two may be null. */
    boolean method(String name, String type, Code first, Code last) {
        int at = constantsEnd + 6;
        at += 2 + 2 * u2(at); // interfaces
        for (int fields = u2(at), i = at += 2; fields > 0; fields--, i = at)
            at = skipAttributes(i + 6);
        int methods = u2(at);
        at += 2;
        for (; methods > 0; methods--) {
            boolean wanted = is(u2(at + 2), name) && is(u2(at + 4), type);
            int attributes = u2(at + 6);
            at += 8;
            for (; attributes > 0; attributes--) {
                int end = at + 6 + u4(at + 2);
                if (wanted && is(u2(at), "Code")) {
                    replace(at + 2, end, new Body(at + 6, first, last).bytes());
                    return true;
                }
                at = end;
            }
        }
        return false;
    }

    /** An attribute's content, and its length before it. */
    private void replace(int from, int to, byte[] by) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(in, 0, from);
        put4(out, by.length);
        out.write(by, 0, by.length);
        out.write(in, to, in.length - to);
        in = out.toByteArray();
    }

    static void put2(ByteArrayOutputStream out, int v) {
        out.write(v >> 8);
        out.write(v);
    }

    static void put4(ByteArrayOutputStream out, int v) {
        put2(out, v >> 16);
        put2(out, v);
    }

    // ---- A method's code ----------------------------------------------------------------------

    private static final int IRETURN = 0xac, RETURN = 0xb1, TABLESWITCH = 0xaa, LOOKUPSWITCH = 0xab, WIDE = 0xc4, IINC = 0x84;
    // Bytes of the instructions from 0 on; 0: varies.
    private static final String LENGTHS = "1111111111111111" + "23233" + "22222" + "1".repeat(0x36 - 0x1a) + "22222" +
        "1".repeat(0x84 - 0x3b) + "3" + "1".repeat(0x99 - 0x85) + "3".repeat(16) + "2" + "00" + "111111" + "3333333" + "553" +
        "2" + "3" + "11" + "33" + "11" + "0" + "4" + "33" + "55";

    private final class Body {
        private final int code, length; // where it is
        private final byte[] first, last;
        private final int stack;
        private final int[] at;     // the new place of the instruction at an old one; of others -1
        private final int[] target; // where what led there leads: to what stands before it
        private int newLength;

        Body(int attribute, Code first, Code last) {
            code = attribute + 8;
            length = u4(attribute + 4);
            this.first = first == null ? new byte[0] : first.bytes.toByteArray();
            this.last = last == null ? new byte[0] : last.bytes.toByteArray();
            stack = u2(attribute) + Math.max(first == null ? 0 : first.stack, last == null ? 0 : last.stack);
            at = new int[length + 1];
            target = new int[length + 1];
            Arrays.fill(at, -1);
            place();
        }

        private boolean returns(int pc) {
            int op = u1(code + pc);
            return op >= IRETURN && op <= RETURN;
        }

        private int padding(int pc) {
            return 3 - pc % 4;
        }

        private int cases(int pc) { // of a switch: bytes behind its padding
            int table = code + pc + 1 + padding(pc);
            return u1(code + pc) == LOOKUPSWITCH ? 8 + 8 * u4(table + 4) : 12 + 4 * (u4(table + 8) - u4(table + 4) + 1);
        }

        private int size(int pc, int newPc) {
            int op = u1(code + pc);
            if (op == TABLESWITCH || op == LOOKUPSWITCH)
                return 1 + padding(newPc) + cases(pc);
            if (op == WIDE)
                return u1(code + pc + 1) == IINC ? 6 : 4;
            if (op >= LENGTHS.length())
                throw new IllegalArgumentException("instruction " + op);
            return LENGTHS.charAt(op) - '0';
        }

        private void place() {
            int to = first.length;
            for (int pc = 0; pc < length; pc += size(pc, pc)) {
                target[pc] = to;
                if (returns(pc))
                    to += last.length;
                at[pc] = to;
                to += size(pc, to);
            }
            target[length] = at[length] = newLength = to;
            if (newLength > 65535)
                throw new IllegalArgumentException("too long");
        }

        private int to(int pc) {
            if (pc < 0 || pc > length || at[pc] < 0)
                throw new IllegalArgumentException("no instruction at " + pc);
            return target[pc];
        }

        private int branch(int pc, int offset) {
            return to(pc + offset) - at[pc];
        }

        private int branch2(int pc) {
            int offset = branch(pc, (short) u2(code + pc + 1));
            if (offset != (short) offset)
                throw new IllegalArgumentException("too far");
            return offset;
        }

        private void copySwitch(ByteArrayOutputStream out, int pc) {
            int table = code + pc + 1 + padding(pc), from = table + 4;
            boolean lookup = u1(code + pc) == LOOKUPSWITCH;
            out.write(in[code + pc]);
            for (int i = padding(at[pc]); i > 0; i--)
                out.write(0);
            put4(out, branch(pc, u4(table)));
            out.write(in, from, lookup ? 4 : 8);
            from += lookup ? 4 : 8;
            for (int end = table + cases(pc); from < end; from += 4) {
                if (lookup) {
                    out.write(in, from, 4);
                    from += 4;
                }
                put4(out, branch(pc, u4(from)));
            }
        }

        private void copy(ByteArrayOutputStream out, int pc) {
            int op = u1(code + pc);
            if (op == TABLESWITCH || op == LOOKUPSWITCH) {
                copySwitch(out, pc);
            } else if (op >= 0x99 && op <= 0xa8 || op == 0xc6 || op == 0xc7) { // if…, goto, jsr
                out.write(op);
                put2(out, branch2(pc));
            } else if (op == 0xc8 || op == 0xc9) { // goto_w, jsr_w
                out.write(op);
                put4(out, branch(pc, u4(code + pc + 1)));
            } else {
                out.write(in, code + pc, size(pc, pc));
            }
        }

        byte[] bytes() {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            put2(out, stack);
            out.write(in, code - 6, 2); // locals
            put4(out, newLength);
            out.write(first, 0, first.length);
            for (int pc = 0; pc < length; pc += size(pc, pc)) {
                if (returns(pc))
                    out.write(last, 0, last.length);
                copy(out, pc);
            }
            int from = code + length, handlers = u2(from);
            put2(out, handlers);
            from += 2;
            for (; handlers > 0; handlers--, from += 8) {
                for (int i = 0; i < 3; i++)
                    put2(out, to(u2(from + 2 * i)));
                out.write(in, from + 6, 2);
            }
            attributes(out, from);
            return out.toByteArray();
        }

        // Type annotations of instructions are left out: nothing reads them at run time.
        private void attributes(ByteArrayOutputStream out, int from) {
            ByteArrayOutputStream kept = new ByteArrayOutputStream();
            int count = 0, left = u2(from);
            from += 2;
            for (; left > 0; left--, from += 6 + u4(from + 2)) {
                byte[] content;
                if (is(u2(from), "LineNumberTable"))
                    content = table(from + 6, 4, false);
                else if (is(u2(from), "LocalVariableTable") || is(u2(from), "LocalVariableTypeTable"))
                    content = table(from + 6, 10, true);
                else if (is(u2(from), "StackMapTable"))
                    content = frames(from + 6);
                else
                    continue;
                count++;
                kept.write(in, from, 2);
                put4(kept, content.length);
                kept.write(content, 0, content.length);
            }
            put2(out, count);
            out.write(kept.toByteArray(), 0, kept.size());
        }

        /** Rows that begin with a place, and perhaps a length. */
        private byte[] table(int from, int row, boolean ranges) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            int rows = u2(from);
            put2(out, rows);
            from += 2;
            for (; rows > 0; rows--, from += row) {
                int pc = u2(from), skip = 2;
                put2(out, to(pc));
                if (ranges) {
                    put2(out, to(pc + u2(from + 2)) - to(pc));
                    skip = 4;
                }
                out.write(in, from + skip, row - skip);
            }
            return out.toByteArray();
        }

        private int type(ByteArrayOutputStream out, int from) {
            int tag = u1(from);
            out.write(tag);
            if (tag == 8) // what a `new` has made that is not initialised yet
                put2(out, at[u2(from + 1)]);
            else if (tag == 7)
                out.write(in, from + 1, 2);
            return tag == 7 || tag == 8 ? from + 3 : from + 1;
        }

        private byte[] frames(int from) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            int left = u2(from), pc = -1, before = -1;
            put2(out, left);
            from += 2;
            for (; left > 0; left--) {
                int tag = u1(from++), delta = tag & 63;
                if (tag > 127) {
                    delta = u2(from);
                    from += 2;
                }
                pc += delta + 1;
                int now = to(pc), types = 0;
                delta = now - before - 1;
                before = now;
                if (tag < 64)
                    frame(out, 0, 251, delta);
                else if (tag < 128 || tag == 247)
                    frame(out, 64, 247, delta);
                else
                    frame(out, -1, tag, delta);
                if (tag >= 64 && tag < 128 || tag == 247)
                    types = 1;
                else if (tag > 251 && tag < 255)
                    types = tag - 251;
                for (; types > 0; types--)
                    from = type(out, from);
                for (int lists = tag == 255 ? 2 : 0; lists > 0; lists--) {
                    types = u2(from);
                    put2(out, types);
                    from += 2;
                    for (; types > 0; types--)
                        from = type(out, from);
                }
            }
            return out.toByteArray();
        }

        /** `small`: the first tag of the short form; -1: there is none. */
        private void frame(ByteArrayOutputStream out, int small, int large, int delta) {
            if (small >= 0 && delta < 64) {
                out.write(small + delta);
                return;
            }
            out.write(large);
            put2(out, delta);
        }
    }
}
