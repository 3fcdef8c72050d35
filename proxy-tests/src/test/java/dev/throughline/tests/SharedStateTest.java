package dev.throughline.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.collect.ImmutableSet;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

/** Several test classes run at once, in one process on one host: none may change what others use. */
class SharedStateTest {
    /** Methods that change the state of the whole process. */
    private static final ImmutableSet<String> SETTERS = ImmutableSet.of(
            "java.lang.System.setOut",
            "java.lang.System.setErr",
            "java.lang.System.setIn",
            "java.lang.System.setProperty",
            "java.lang.System.clearProperty",
            "java.util.Locale.setDefault",
            "java.util.TimeZone.setDefault",
            "java.lang.Thread.setDefaultUncaughtExceptionHandler",
            "org.awaitility.Awaitility.setDefaultTimeout",
            "org.awaitility.Awaitility.setDefaultPollInterval",
            "org.awaitility.Awaitility.setDefaultPollDelay",
            "org.awaitility.Awaitility.reset");

    @Test
    void onlyIsolatedTestsChangeTheStateOfTheProcess() {
        Set<String> changes = new TreeSet<>();
        for (JavaClass type : new ClassFileImporter().importPackages("dev.throughline.tests")) {
            if (type.isEquivalentTo(AwaitilityDefaults.class) || outermost(type).isAnnotatedWith(Isolated.class)) {
                continue;
            }
            for (JavaMethodCall call : type.getMethodCallsFromSelf()) {
                if (SETTERS.contains(call.getTargetOwner().getName() + "." + call.getName())) {
                    changes.add(call.getDescription());
                }
            }
        }
        assertThat(changes)
                .as("changes of the state of the process: annotate the test class with @Isolated(\"reason\")")
                .isEmpty();
    }

    private static JavaClass outermost(JavaClass type) {
        return type.getEnclosingClass().map(SharedStateTest::outermost).orElse(type);
    }

    @Test
    void theHostItselfRefusesProgramsThatChangeItsNetwork() {
        assertThatThrownBy(() -> Host.THIS.command(List.of("nft", "flush", "ruleset")))
                .hasMessage("nft flush ruleset may disturb other tests on this host: run it in a Namespace");
    }
}
