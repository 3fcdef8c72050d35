package dev.throughline.bench.compare;

/**
 * One measurement of about a second, without any error.
 *
 * @param usage CPU time of both hops
 */
record Window(Workload workload, LoadResult load, ProcessUsage usage) {
    private static final double GIB = 1L << 30;

    /** CPU time of both hops: microseconds a connection or request, or milliseconds a GiB. */
    double cost() {
        return workload.isBulk() ? usage.nanos() / 1e6 / (load.bytes() / GIB) : usage.nanos() / 1e3 / load.operations();
    }

    /** Operations a second, or Gbit/s. */
    double rate() {
        double seconds = load.nanos() / 1e9;
        return workload.isBulk() ? load.bytes() * 8 / 1e9 / seconds : load.operations() / seconds;
    }

    double p50Millis() {
        return load.p50Nanos() / 1e6;
    }

    double p99Millis() {
        return load.p99Nanos() / 1e6;
    }

    /** The part of the CPU time that was spent in user mode. */
    double userPart() {
        long all = usage.userNanos() + usage.systemNanos();
        return all == 0 ? 0 : (double) usage.userNanos() / all;
    }
}
