package dev.throughline.identify;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UsersTest {
    @Test
    void theFirstNameOfAnIdCounts() {
        String passwd = """
            root:x:0:0:root:/root:/bin/bash
            toor:x:0:0:root:/root:/bin/sh
            # comment:x:5:5::/:/
            +nis:x:6:6::/:/
            +
            short:x:7:7
            nobody:x:4294967294:65534:nobody:/nonexistent:/usr/sbin/nologin
            app:x:3001:3001::/home/app:/bin/sh
            broken:x:twelve:1::/:/
            minus:x:-1:1::/:/
            evil\u0007:x:12:1::/:/
            """;
        assertThat(Users.parse(passwd.getBytes(StandardCharsets.UTF_8)))
                .isEqualTo(Map.of(0, "root", 6, "+nis", -2, "nobody", 3001, "app", 12, "evil\\x07"));
    }

    @Test
    void theFileIsReadAgainWhenItHasChanged(@TempDir Path directory) throws IOException {
        Path passwd = Files.writeString(directory.resolve("passwd"), "a:x:1:1::/:/\n");
        Users users = new Users(passwd);
        assertThat(users.name(1)).contains("a");

        Path next = Files.writeString(directory.resolve("next"), "b:x:1:1::/:/\n");
        Files.move(next, passwd, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        assertThat(users.name(1)).contains("b");

        Files.delete(passwd);
        assertThat(users.name(1)).isEmpty();
    }
}
