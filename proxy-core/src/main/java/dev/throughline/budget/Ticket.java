package dev.throughline.budget;

/** A flow in the queue. */
public final class Ticket {
    private final LeaseRequest ask;
    private final long number;
    private final long deadline;
    private final Shortage shortage;

    Ticket(LeaseRequest ask, long number, long deadline, Shortage shortage) {
        this.ask = ask;
        this.number = number;
        this.deadline = deadline;
        this.shortage = shortage;
    }

    /** {@return its request} */
    public LeaseRequest ask() {
        return ask;
    }

    /** {@return when its wait ends, on the clock of {@code now}} */
    public long deadline() {
        return deadline;
    }

    /** {@return why it waits} */
    public Shortage shortage() {
        return shortage;
    }

    long number() {
        return number;
    }
}
