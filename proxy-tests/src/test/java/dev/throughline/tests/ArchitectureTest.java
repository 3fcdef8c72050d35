package dev.throughline.tests;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.base.Splitter;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The allowed dependencies between packages. */
class ArchitectureTest {
    private static final String BASE = "dev.throughline";

    /** The main class; only the class that starts other processes refers to it. */
    private static final String MAIN = "Main";

    private static final Set<String> CORE = ImmutableSet.of("header", "originator", "key", "chain", "bridge", "budget");

    /** The packages that each package may use, beside proxy-core, which all of proxy-chain may use. */
    private static final Map<String, Set<String>> ALLOWED = ImmutableMap.<String, Set<String>>builder()
            .put("header", ImmutableSet.of())
            .put("originator", ImmutableSet.of("header"))
            .put("key", ImmutableSet.of("header", "originator"))
            .put("chain", ImmutableSet.of("header", "originator", "key"))
            .put("bridge", ImmutableSet.of("header", "originator", "chain"))
            .put("budget", ImmutableSet.of())
            .put("platform", ImmutableSet.of())
            .put("policy", ImmutableSet.of())
            .put("config", ImmutableSet.of("engine", "platform", "policy"))
            .put("keys", ImmutableSet.of("config", "platform"))
            .put("engine", ImmutableSet.of("platform"))
            .put("relay", ImmutableSet.of("engine"))
            .put("transport", ImmutableSet.of("engine", "platform"))
            .put("identify", ImmutableSet.of("platform"))
            .put("flow", ImmutableSet.of("engine", "identify", "platform", "policy", "transport", "relay"))
            .put("intercept", ImmutableSet.of("config", "engine", "flow", "identify", "platform", "transport"))
            .put("report", ImmutableSet.of("flow", "identify", "policy", "transport"))
            .put("metrics", ImmutableSet.of("flow", "policy", "transport"))
            .put("admin", ImmutableSet.of("flow", "metrics", "platform", "report"))
            .put(
                    "hop",
                    ImmutableSet.of(
                            "admin",
                            "config",
                            "engine",
                            "flow",
                            "identify",
                            "intercept",
                            "keys",
                            "metrics",
                            "platform",
                            "policy",
                            "relay",
                            "report",
                            "transport"))
            .put("demo", ImmutableSet.of("engine", "keys", "relay", "report"))
            .put(
                    "cli",
                    ImmutableSet.of(
                            "config",
                            "demo",
                            "flow",
                            "hop",
                            "identify",
                            "intercept",
                            "keys",
                            "platform",
                            "policy",
                            "report"))
            .put("root", ImmutableSet.of())
            .buildOrThrow();

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(location -> !location.contains("proxy-tests"))
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages(BASE);

    @Test
    void everyPackageIsListed() {
        Set<String> packages = new TreeSet<>();
        CLASSES.forEach(type -> packages.add(packageOf(type)));
        assertThat(packages).isEqualTo(new TreeSet<>(ALLOWED.keySet()));
    }

    @Test
    void packagesUseOnlyAllowedPackages() {
        Set<String> surplus = new TreeSet<>();
        Set<String> used = new TreeSet<>();
        for (JavaClass type : CLASSES) {
            for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
                JavaClass target = dependency.getTargetClass().getBaseComponentType();
                if (!target.getPackageName().startsWith(BASE)
                        || packageOf(target).equals(packageOf(type))
                        || aroundMain(dependency)
                        || intoCore(type, target)) {
                    continue;
                }
                String other = packageOf(target);
                used.add(packageOf(type) + " -> " + other);
                if (!ALLOWED.get(packageOf(type)).contains(other)) {
                    surplus.add(packageOf(type) + " -> " + other + ": " + dependency.getDescription());
                }
            }
        }
        assertThat(surplus).isEmpty();
        Set<String> planned = new TreeSet<>();
        ALLOWED.forEach((name, others) -> others.forEach(other -> planned.add(name + " -> " + other)));
        assertThat(used).describedAs("what no package uses is not allowed").isEqualTo(planned);
    }

    private static boolean intoCore(JavaClass from, JavaClass to) {
        return CORE.contains(packageOf(to)) && !CORE.contains(packageOf(from));
    }

    /** Main starts the command line; the demo starts Main as another process. */
    private static boolean aroundMain(Dependency dependency) {
        return isMain(dependency.getOriginClass())
                || (isMain(dependency.getTargetClass())
                        && dependency.getOriginClass().getSimpleName().equals("ProgramCommand"));
    }

    private static boolean isMain(JavaClass type) {
        return type.getName().equals(BASE + "." + MAIN);
    }

    private static String packageOf(JavaClass type) {
        String rest = type.getPackageName().substring(BASE.length());
        return rest.isEmpty() ? "root" : Splitter.on('.').splitToList(rest).get(1);
    }

    @Test
    void packagesHaveNoCycles() {
        slices().matching(BASE + ".(*)..").should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void theCoreIsPure() {
        noClasses()
                .that()
                .resideInAnyPackage(CORE.stream().map(name -> BASE + "." + name).toArray(String[]::new))
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io.netty..",
                        "org.slf4j..",
                        "ch.qos..",
                        "java.util.logging..",
                        "java.nio.channels..",
                        "java.nio.file..",
                        "java.util.concurrent..",
                        "java.lang.foreign..",
                        "io.micrometer..",
                        "picocli..",
                        "org.snakeyaml..",
                        "tools.jackson..")
                .orShould()
                .dependOnClassesThat()
                .haveNameMatching(
                        "java\\.net\\.(Server|Datagram|Multicast)?Socket|java\\.net\\.(URL|http).*"
                                + "|java\\.lang\\.Thread(Group|\\$.*)?|java\\.lang\\.Process.*|java\\.time\\.Clock|java\\.io\\.File.*")
                .orShould()
                .callMethod(java.time.Instant.class, "now")
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callConstructor(java.security.SecureRandom.class)
                .check(CLASSES);
    }

    @Test
    void onlyPlatformPackagesCallForeignFunctions() {
        noClasses()
                .that()
                .resideOutsideOfPackage(BASE + ".platform.linux")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("java.lang.foreign..")
                .check(CLASSES);
    }

    /**
     * Files are written and deleted by SafeFile and ScratchFile alone. The demo writes to a folder of its own, and what the
     * kernel pins lies in folders that are checked to be this user's.
     */
    @Test
    void onlyThePlatformWritesAndDeletesFiles() {
        Set<String> writers = new TreeSet<>();
        for (JavaClass type : CLASSES) {
            for (JavaAccess<?> access : type.getAccessesFromSelf()) {
                if (changesFiles(access)
                        && !packageOf(type).equals("platform")
                        && !packageOf(type).equals("demo")
                        && !type.getName().equals(BASE + ".identify.ebpf.PinnedObjects")) {
                    writers.add(access.getDescription());
                }
            }
        }
        assertThat(writers).isEmpty();
    }

    private static boolean changesFiles(JavaAccess<?> access) {
        String owner = access.getTargetOwner().getName();
        String name = access.getTarget().getName();
        return switch (owner) {
            case "java.nio.file.Files" ->
                name.matches(
                        "write.*|move|copy|delete.*|create.*|set.*|newOutputStream|newBufferedWriter|newByteChannel");
            case "java.nio.channels.FileChannel", "java.nio.channels.AsynchronousFileChannel" -> name.equals("open");
            // The standard descriptors are open already.
            case "java.io.FileOutputStream" ->
                name.equals("<init>") && !access.getTarget().getFullName().contains("(java.io.FileDescriptor)");
            case "java.io.FileWriter", "java.io.RandomAccessFile" -> name.equals("<init>");
            case "java.io.File" -> name.matches("delete.*|create.*|renameTo|mkdirs?|set.*");
            default -> owner.startsWith("com.google.common.io.") && name.matches("write.*|delete.*|move|copy|touch");
        };
    }

    @Test
    void nettyStaysWhereBytesMove() {
        noClasses()
                .that()
                .resideOutsideOfPackages(
                        BASE + ".admin",
                        BASE + ".demo.emulator",
                        BASE + ".engine..",
                        BASE + ".flow",
                        BASE + ".hop",
                        BASE + ".intercept",
                        BASE + ".relay",
                        BASE + ".transport")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.netty..")
                .check(CLASSES);
    }

    @Test
    void theEngineOfJavaNeedsNoOther() {
        noClasses()
                .that()
                .resideInAPackage(BASE + ".engine.nio")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(BASE + ".engine.epoll", "io.netty.channel.epoll..", "io.netty.channel.unix..")
                .check(CLASSES);
    }

    /** Flows have sockets of their own: Netty's Channels serve the admin interface, and the canaries of interception. */
    @Test
    void nettysChannelsCarryNoFlow() {
        noClasses()
                .that()
                .resideOutsideOfPackages(BASE + ".engine.epoll", BASE + ".admin")
                .and()
                .doNotHaveFullyQualifiedName(BASE + ".intercept.Canaries")
                .should()
                .dependOnClassesThat()
                .haveFullyQualifiedName("io.netty.channel.Channel")
                .orShould()
                .dependOnClassesThat()
                .resideInAPackage("io.netty.channel.epoll..")
                .check(CLASSES);
    }

    /**
     * Unverified claims are unwrapped only by the verifier, where they are shown as claims, and for an allowed
     * agent.
     */
    @Test
    void fewTakeAClaimAtItsWord() {
        Set<String> callers = new TreeSet<>();
        for (JavaClass type : CLASSES) {
            for (JavaAccess<?> access : type.getAccessesFromSelf()) {
                if (access.getTargetOwner().getName().equals(BASE + ".chain.Claimed")
                        && access.getTarget().getName().equals("unverified")
                        && !access.getOriginOwner().equals(access.getTargetOwner())) {
                    callers.add(packageOf(type) + "." + type.getSimpleName());
                }
            }
        }
        assertThat(callers)
                .isNotEmpty()
                .allMatch(caller -> caller.startsWith("chain.")
                        || caller.equals("cli.HeaderText")
                        || caller.equals("bridge.BridgeHeader")
                        || caller.equals("flow.BridgeHandover"));
    }
}
