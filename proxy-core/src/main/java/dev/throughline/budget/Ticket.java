package dev.throughline.budget;

/** A waiting flow. */
public final class Ticket {
    private final LeaseRequest request;
    private final long number;
    private final long deadline;
    private final Shortage shortage;

    Ticket(LeaseRequest request, long number, long deadline, Shortage shortage) {
        this.request = request;
        this.number = number;
        this.deadline = deadline;
        this.shortage = shortage;
    }

    /** {@return the request} */
    public LeaseRequest request() {
        return request;
    }

    /** {@return the time when its wait ends, on the clock of {@code now}} */
    public long deadline() {
        return deadline;
    }

    /** {@return the reason of its wait} */
    public Shortage shortage() {
        return shortage;
    }

    long number() {
        return number;
    }
}
