package dev.throughline.policy;

import static dev.throughline.originator.Evidence.BRIDGE;
import static dev.throughline.originator.Evidence.KERNEL_CONNECT;
import static dev.throughline.originator.Evidence.REMOTE;
import static dev.throughline.originator.Evidence.SHARED;
import static dev.throughline.originator.Evidence.SOCKET_LOOKUP;
import static dev.throughline.originator.Evidence.UID_ONLY;
import static dev.throughline.originator.Evidence.UNKNOWN;
import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.originator.Evidence;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class EvidenceOrderTest {
    /** For each evidence, all that are at least as strong. */
    private static final Map<Evidence, Set<Evidence>> AT_LEAST = Map.of(
            KERNEL_CONNECT, EnumSet.of(KERNEL_CONNECT),
            SOCKET_LOOKUP, EnumSet.of(KERNEL_CONNECT, SOCKET_LOOKUP),
            UID_ONLY, EnumSet.of(KERNEL_CONNECT, SOCKET_LOOKUP, UID_ONLY, SHARED),
            SHARED, EnumSet.of(KERNEL_CONNECT, SOCKET_LOOKUP, UID_ONLY, SHARED),
            BRIDGE, EnumSet.of(BRIDGE),
            UNKNOWN, EnumSet.allOf(Evidence.class),
            REMOTE, EnumSet.allOf(Evidence.class));

    @Test
    void isAsTheDocumentationHasIt() {
        AT_LEAST.forEach((demanded, enough) -> assertThat(EnumSet.allOf(Evidence.class).stream()
                        .filter(evidence -> EvidenceOrder.isAtLeast(evidence, demanded))
                        .collect(Collectors.toSet()))
                .as("at least " + demanded)
                .isEqualTo(enough));
    }
}
