package dev.throughline.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class SyscallCounterTest {
    @Test
    void readsTheCountOfPerf() {
        assertThat(SyscallCounter.parsePerf(List.of(
                        "# started on Mon Nov 30 19:00:00 2026", "", "12345,,raw_syscalls:sys_enter,2000123,100.00,,")))
                .hasValue(12345);
    }

    @Test
    void perfMayBeUnableToCount() {
        assertThat(SyscallCounter.parsePerf(List.of("<not supported>,,raw_syscalls:sys_enter,0,100.00,,")))
                .isEmpty();
        assertThat(SyscallCounter.parsePerf(List.of())).isEmpty();
    }

    @Test
    void addsTheCallsInTheTableOfStrace() {
        assertThat(SyscallCounter.parseStrace(List.of(
                        "% time     seconds  usecs/call     calls    errors syscall",
                        "------ ----------- ----------- --------- --------- ----------------",
                        " 60.00    0.000600           6       100        12 read",
                        " 40.00    0.000400           8        50           epoll_wait",
                        "------ ----------- ----------- --------- --------- ----------------",
                        "100.00    0.001000           6       150        12 total")))
                .hasValue(150);
        assertThat(SyscallCounter.parseStrace(List.of())).isEmpty();
    }
}
