package dev.throughline;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.base.Splitter;
import dev.throughline.header.Header;
import java.io.File;
import java.io.IOException;
import java.lang.module.Configuration;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReader;
import java.lang.module.ModuleReference;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The exports and requirements of the library's module. An addition must be made here too. */
class ModuleTest {
    private final ModuleReference library = library();
    private final ModuleDescriptor module = library.descriptor();

    @Test
    void thePublicTypesAreThese() throws IOException {
        try (ModuleReader files = library.open()) {
            assertThat(publicTypes(files)
                            .map(type -> type.getName()
                                    .replace("dev.throughline.", "")
                                    .replace('$', '.'))
                            .sorted())
                    .containsExactlyElementsOf(listed());
        }
    }

    @Test
    void everyPackageButThoseIsHidden() {
        assertThat(module.exports()).allMatch(exports -> !exports.isQualified());
        assertThat(module.exports().stream().map(ModuleDescriptor.Exports::source))
                .containsExactlyInAnyOrder(
                        "dev.throughline.bridge",
                        "dev.throughline.budget",
                        "dev.throughline.chain",
                        "dev.throughline.header",
                        "dev.throughline.key",
                        "dev.throughline.originator");
        assertThat(module.opens()).isEmpty();
        assertThat(module.isOpen()).isFalse();
    }

    /** Users of the library shouldn't depend on the libraries that it uses: it may replace them. */
    @Test
    void publicSignaturesNameNoTypeOfAnotherLibrary() throws IOException {
        try (ModuleReader files = library.open()) {
            assertThat(publicTypes(files).flatMap(ModuleTest::signatures))
                    .isNotEmpty()
                    .noneMatch(
                            signature -> signature.contains("com.google.") || signature.contains("org.bouncycastle."));
        }
    }

    private static Stream<String> signatures(Class<?> type) {
        return Stream.of(
                        Stream.of(type.getDeclaredMethods())
                                .filter(method -> isVisible(method.getModifiers()))
                                .map(Method::toGenericString),
                        Stream.of(type.getDeclaredConstructors())
                                .filter(constructor -> isVisible(constructor.getModifiers()))
                                .map(Constructor::toGenericString),
                        Stream.of(type.getDeclaredFields())
                                .filter(field -> isVisible(field.getModifiers()))
                                .map(Field::toGenericString),
                        Stream.concat(
                                        Stream.ofNullable(type.getGenericSuperclass()),
                                        Stream.of(type.getGenericInterfaces()))
                                .map(Type::getTypeName))
                .flatMap(each -> each);
    }

    private static boolean isVisible(int modifiers) {
        return Modifier.isPublic(modifiers) || Modifier.isProtected(modifiers);
    }

    @Test
    void requiresGuavaAndBouncyCastleForItselfOnly() {
        assertThat(module.requires().stream()
                        .map(requires -> new TreeSet<>(requires.modifiers()) + " " + requires.name()))
                .containsExactlyInAnyOrder(
                        "[MANDATED] java.base",
                        "[TRANSITIVE, STATIC] org.jspecify",
                        "[] com.google.common",
                        "[] org.bouncycastle.provider");
    }

    @Test
    void itRunsWithTheModulesThatItDragsInAndTheseAreFew() {
        Configuration configuration =
                ModuleLayer.boot().configuration().resolve(classPath(), ModuleFinder.of(), Set.of(module.name()));

        assertThat(configuration.modules().stream().map(resolved -> resolved.name()))
                .containsExactlyInAnyOrder(
                        "dev.throughline.core",
                        "com.google.common",
                        "com.google.common.util.concurrent.internal",
                        "org.bouncycastle.provider");
    }

    private Stream<Class<?>> publicTypes(ModuleReader files) throws IOException {
        return files.list()
                .filter(file -> file.startsWith("dev/") && file.endsWith(".class"))
                .<Class<?>>map(ModuleTest::load)
                .filter(type -> isExported(type) && isPublic(type));
    }

    private boolean isExported(Class<?> type) {
        return module.exports().stream().anyMatch(exports -> exports.source().equals(type.getPackageName()));
    }

    private static boolean isPublic(Class<?> type) {
        return Modifier.isPublic(type.getModifiers())
                && (type.getDeclaringClass() == null || isPublic(type.getDeclaringClass()));
    }

    private static Class<?> load(String file) {
        try {
            return Class.forName(file.replace(".class", "").replace('/', '.'));
        } catch (ClassNotFoundException e) {
            throw new AssertionError(e);
        }
    }

    private static List<String> listed() throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("src/test/resources/public-types.txt"))) {
            return lines.filter(line -> !line.startsWith("#")).toList();
        }
    }

    private static ModuleReference library() {
        try {
            Path classes = Path.of(Header.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
            return ModuleFinder.of(classes).find("dev.throughline.core").orElseThrow();
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    /** Returns the class path of the tests as modules. */
    private static ModuleFinder classPath() {
        return ModuleFinder.of(Splitter.on(File.pathSeparatorChar)
                .splitToStream(System.getProperty("java.class.path"))
                .filter(entry -> !entry.endsWith("test-classes"))
                .map(Path::of)
                .toArray(Path[]::new));
    }
}
