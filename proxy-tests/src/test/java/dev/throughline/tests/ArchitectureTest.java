package dev.throughline.tests;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.throughline.chain.Claimed;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The house, as .github/CONTRIBUTING.md draws it: which room may know which. */
class ArchitectureTest {
    private static final String[] CORE = {
        "dev.throughline.header..", "dev.throughline.originator..", "dev.throughline.key..", "dev.throughline.chain.."
    };

    private static final JavaClasses HOUSE = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("dev.throughline");

    /** A room, and all that it may know beside the core. */
    @ParameterizedTest
    @CsvSource({
        "os, ''",
        "config, ''",
        "relay, ''",
        "transport, ''",
        "identify, os",
        "flow, identify relay transport",
        "metrics, flow",
        "report, flow identify",
        "admin, flow metrics report",
        "intercept, config flow identify os relay",
        "demo, config report",
    })
    void aRoomKnowsOnlyTheRoomsBelowIt(String room, String below) {
        List<String> known = List.of(below.split(" "));
        DescribedPredicate<JavaClass> above = resideInAPackage("dev.throughline..")
                .and(not(resideInAnyPackage(CORE)))
                .and(not(resideInAPackage("dev.throughline." + room)))
                .and(not(nameMatching("dev\\.throughline\\.(" + String.join("|", known) + ")\\..*")));
        noClasses()
                .that()
                .resideInAPackage("dev.throughline." + room)
                .should()
                .dependOnClassesThat(above)
                .check(HOUSE);
    }

    @Test
    void noRoomIsPartOfACircle() {
        slices().matching("dev.throughline.(*)..").should().beFreeOfCycles().check(HOUSE);
    }

    @Test
    void coreKnowsNothingOfTheRunningHop() {
        noClasses()
                .that()
                .resideInAnyPackage(CORE)
                .should()
                .dependOnClassesThat(resideInAPackage("dev.throughline..").and(not(resideInAnyPackage(CORE))))
                .check(HOUSE);
    }

    /** Time, randomness and sockets come in as values; SecureRandom is one that its owner passes in. */
    @Test
    void coreIsPure() {
        noClasses()
                .that()
                .resideInAnyPackage(CORE)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("java.nio.file..", "java.nio.channels..", "java.util.logging..", "org.slf4j..", "io.netty..")
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(Thread.class)
                .orShould()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.net.Socket")
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(java.time.Instant.class, "now")
                .check(HOUSE);
    }

    @Test
    void onlyOsCallsForeignFunctions() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.throughline.os..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("java.lang.foreign..")
                .check(HOUSE);
    }

    /** What was only read is used by the verifier, and shown by inspect, which says that it is only claimed. */
    @Test
    void whatIsClaimedIsNotUsedUnverified() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.throughline.chain..")
                .and()
                .doNotHaveSimpleName("HeaderText")
                .should()
                .callMethod(Claimed.class, "unverified")
                .check(HOUSE);
    }

    @Test
    void namesSayWhatAThingIs() {
        noClasses().should().haveNameMatching(".*(Manager|Helper|Utils?|Impl|Base)").check(HOUSE);
    }
}
