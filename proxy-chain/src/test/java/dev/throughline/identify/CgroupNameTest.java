package dev.throughline.identify;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Cgroup paths of runtimes and systemd. C is a container's id, D another one, P a pod's uid. */
class CgroupNameTest {
    private static final String C = "c0ffee".repeat(10) + "0123";
    private static final String D = "d".repeat(64);
    private static final String P = "a1b2c3d4-0001-0002-0003-a1b2c3d4e5f6";

    private static CgroupName of(String path) {
        return CgroupName.of(path.getBytes(StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @CsvSource(nullValues = "-", textBlock = """
            # nothing
            /                                                                        , -                  , -, -
            ''                                                                       , -                  , -, -
            /foo/bar                                                                 , -                  , -, -
            # systemd
            /init.scope                                                              , init.scope         , -, -
            /system.slice/nginx.service                                              , nginx.service      , -, -
            /system.slice/nginx.service/worker                                       , nginx.service      , -, -
            /system.slice/system-getty.slice/getty@tty1.service                      , getty@tty1.service , -, -
            /system.slice/a@b@c.service                                              , a@b@c.service      , -, -
            /system.slice/_cpu.service                                               , cpu.service        , -, -
            /system.slice/dev-disk\\x2dby.mount                                      , dev-disk\\x2dby.mount, -, -
            /system.slice                                                            , -                  , -, -
            /system.slice/a@.service                                                 , -                  , -, -
            /system.slice/@a.service                                                 , -                  , -, -
            /system.slice/.service                                                   , -                  , -, -
            /system.slice/nginx.unit                                                 , -                  , -, -
            /system.slice/ng nx.service                                              , -                  , -, -
            /system.slice/nginx                                                      , -                  , -, -
            /system@x.slice/nginx.service                                            , -                  , -, -
            /../system.slice/nginx.service                                           , -                  , -, -
            /user.slice/user-1000.slice/session-2.scope                              , session-2.scope    , -, -
            /user.slice/user-1000.slice/user@1000.service/app.slice/nginx.service    , user@1000.service  , -, -
            # Docker
            /docker/C                                                                , -                  , C, -
            /docker/C/system.slice/nginx.service                                     , -                  , C, -
            /system.slice/docker-C.scope                                             , docker-C.scope     , C, -
            /system.slice/docker-C.scope/system.slice/nginx.service                  , docker-C.scope     , C, -
            /docker/C/docker/D                                                       , -                  , C, -
            /mygroup/C                                                               , -                  , C, -
            # containerd
            /kubepods/burstable/podP/C                                               , -                  , C, P
            /kubepods/podP/C                                                         , -                  , C, P
            /kubelet/kubepods/besteffort/podP/C                                      , -                  , C, P
            /kubepods/burstable/podQ/C                                               , -                  , C, P
            /kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podU.slice/cri-containerd-C.scope, cri-containerd-C.scope, C, P
            /kubepods.slice/kubepods-podU.slice/cri-containerd-C.scope               , cri-containerd-C.scope, C, P
            /kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-podU.slice/cri-containerd-C.scope, cri-containerd-C.scope, C, P
            /kubepods.slice/kubepods-podQ.slice/cri-containerd-C.scope               , cri-containerd-C.scope, C, P
            /system.slice/containerd.service/kubepods-burstable-podU.slice:cri-containerd:C, containerd.service, C, P
            /system.slice/nerdctl-C.scope                                            , nerdctl-C.scope    , C, -
            /kubepods/burstable/podP                                                 , -                  , -, P
            # CRI-O
            /kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-podU.slice/crio-C.scope, crio-C.scope, C, P
            /kubepods/besteffort/podP/crio-C                                         , -                  , C, P
            /kubepods.slice/kubepods-podU.slice/crio-conmon-C.scope                  , crio-conmon-C.scope, -, P
            # Podman
            /machine.slice/libpod-C.scope                                            , libpod-C.scope     , C, -
            /machine.slice/libpod-C.scope/container                                  , libpod-C.scope     , C, -
            /machine.slice/libpod-conmon-C.scope                                     , libpod-conmon-C.scope, -, -
            /libpod_parent/libpod-C                                                  , -                  , C, -
            /libpod_parent/libpod-C/supervisor                                       , -                  , C, -
            /user.slice/user-1000.slice/user@1000.service/user.slice/libpod-C.scope  , user@1000.service  , C, -
            # not what it looks like
            /docker/c0ffee                                                           , -                  , -, -
            /docker/CC                                                               , -                  , -, -
            /docker/evil-C.scope                                                     , -                  , -, -
            /docker/C/kubepods/podP/D                                                , -                  , C, -
            /burstable/podP/C                                                        , -                  , C, -
            /kubepods/podP/podO/C                                                    , -                  , C, P
            /kubepods/pod12/C                                                        , -                  , C, -
            """)
    void unitContainerAndPodAreWhatThePathNames(String path, String unit, String container, String pod) {
        CgroupName name = of(filled(path));
        assertThat(name.unit().orElse(null)).isEqualTo(filled(unit));
        assertThat(name.container().orElse(null)).isEqualTo(filled(container));
        assertThat(name.pod().map(Object::toString).orElse(null)).isEqualTo(filled(pod));
        assertThat(name.namesNothing()).isEqualTo(unit == null && container == null && pod == null);
    }

    /** In these paths, no other letter follows these letters. */
    private static String filled(String text) {
        return text == null
                ? null
                : text.replace("podU", "pod" + P.replace('-', '_'))
                        .replace("podQ", "pod" + P.replace("-", ""))
                        .replace("podO", "pod" + P.replace('a', 'f'))
                        .replaceAll("\\bP\\b|(?<=pod)P\\b", P)
                        .replaceAll("\\bCC\\b", C + C)
                        .replaceAll("(?<![A-Za-z])C(?![A-Za-z])", C)
                        .replaceAll("(?<![A-Za-z])D(?![A-Za-z])", D);
    }

    @Test
    void aUnitHasAtMost255Characters() {
        assertThat(of("/" + "a".repeat(247) + ".service").unit()).isPresent();
        assertThat(of("/" + "a".repeat(248) + ".service").unit()).isEmpty();
    }

    @Test
    void thePathIsForPeople() {
        assertThat(of("/a\nb").path()).contains("/a\\x0ab");
        assertThat(of("/" + "a".repeat(256)).path()).isEmpty();
        assertThat(of("").path()).isEmpty();
    }
}
