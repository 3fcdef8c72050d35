package dev.throughline.budget;

/** The reason for which a flow has no slot on its preferred alternative. */
public sealed interface Shortage {
    /**
     * All slots of a pool are in use.
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
     * The free slots of a pool are reserved for originators within their share.
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
     * @param scope the scope of the cap
     * @param cap number of flows
     */
    record Capped(Scope scope, int cap) implements Shortage {
        @Override
        public String toString() {
            return "the cap of " + cap + " flows " + scope.text;
        }
    }

    /** The request has no alternatives. */
    record NoAlternative() implements Shortage {
        @Override
        public String toString() {
            return "no transport is available";
        }
    }

    /** The scope of a cap. */
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
