// SPDX-License-Identifier: Apache-2.0
package gentap;

import java.lang.instrument.Instrumentation;
import java.util.jar.JarFile;

/**
 * Loaded by `gentap run --java-attach` into a JVM that runs: "on:JAR" taps the JDK's TLS, "off"
 * makes it what it was. Either may come twice. An exception is told to gentap by the JVM.
 */
public final class Agent {
    private Agent() {
    }

    public static synchronized void agentmain(String order, Instrumentation in) throws Exception {
        // The JDK's classes call Tap, so all but this one is to be in the JDK's own loader.
        if (order.startsWith("on:") && !isThere())
            in.appendToBootstrapClassLoaderSearch(new JarFile(order.substring(3)));
        if (isThere())
            Class.forName("gentap.Hooks", true, null).getMethod(order.startsWith("on:") ? "on" : "off", Instrumentation.class)
                .invoke(null, in);
    }

    private static boolean isThere() {
        try {
            Class.forName("gentap.Hooks", true, null);
            return true;
        } catch (ClassNotFoundException e) {
            return false;
        }
    }
}
