package dev.throughline.budget;

/** A flow that waits for a place. */
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

    /** {@return what it waits for} */
    public LeaseRequest ask() {
        return ask;
    }

    /** {@return until when it waits, on the clock of {@code now}} */
    public long deadline() {
        return deadline;
    }

    /** {@return why it has to} */
    public Shortage shortage() {
        return shortage;
    }

    long number() {
        return number;
    }
}
