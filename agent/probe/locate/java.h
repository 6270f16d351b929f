/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JVM. Its TLS is Java code, compiled as it runs: there is no place in a file for a
 * probe. What our agent in the JVM hands over (agent/probe/java/Tap.java) passes through a
 * native method of libnio that next to nothing else calls; natives are found by their names,
 * so these stay (Java Native Interface Specification, chapter 2). libjvm itself tells that
 * there is a JVM.
 */
#ifndef LOCATE_JAVA_H
#define LOCATE_JAVA_H

#include "locate.h"

#define JAVA_NOTE "a JVM: its own TLS is read with --java-attach alone"

extern const struct locator java_by_symbols;

#endif
