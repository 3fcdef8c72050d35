package dev.throughline.budget;

/** Why a flow has no place on its preferred way. */
public sealed interface Shortage {
    /**
     * Every place of a pool is in use.
     *
     * @param pool name of the pool
     */
    record Full(String pool) implements Shortage {
        @Override
        public String toString() {
            return pool + " is full";
        }
    }

    /**
     * The free places of a pool are reserved for originators within their share.
     *
     * @param pool name of the pool
     */
    record Reserved(String pool) implements Shortage {
        @Override
        public String toString() {
            return "the rest of " + pool + " is reserved for others";
        }
    }

    /**
     * A cap is reached.
     *
     * @param scope what it counts by
     * @param cap number of flows
     */
    record Capped(Scope scope, int cap) implements Shortage {
        @Override
        public String toString() {
            return "the cap of " + cap + " flows " + scope.text;
        }
    }

    /** The request has no way. */
    record NoWay() implements Shortage {
        @Override
        public String toString() {
            return "no transport is there";
        }
    }

    /** What a cap counts by. */
    enum Scope {
        /** One process. */
        PROCESS("of a process"),
        /** An executable of one user. */
        EXECUTABLE("of an executable"),
        /** A user of one host. */
        USER("of a user"),
        /** Address or host name. */
        DESTINATION("to a destination"),
        /** An executable of one user, and a destination. */
        EXECUTABLE_AND_DESTINATION("of an executable to a destination");

        private final String text;

        Scope(String text) {
            this.text = text;
        }
    }
}
