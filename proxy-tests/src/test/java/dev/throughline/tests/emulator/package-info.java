/** What this project's tests can't have and therefore imitate, behind the same boundary as the real thing. */
package dev.throughline.tests.emulator;
