package dev.throughline.budget;

/** Why a flow has no place, of the way that it would rather have gone. */
public sealed interface Shortage {
    /**
     * Every place of a pool is in use.
     *
     * @param pool by its name
     */
    record Full(String pool) implements Shortage {
        @Override
        public String toString() {
            return pool + " is full";
        }
    }

    /**
     * What is left of a pool is reserved for those who have less.
     *
     * @param pool by its name
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
     * @param cap in flows
     */
    record Capped(Scope scope, int cap) implements Shortage {
        @Override
        public String toString() {
            return "the cap of " + cap + " flows " + scope.text;
        }
    }

    /** Nothing is asked for at all. */
    record NoWay() implements Shortage {
        @Override
        public String toString() {
            return "no transport is there";
        }
    }

    /** What a cap counts by. */
    enum Scope {
        /** One instance. */
        PROCESS("of a process"),
        /** Of one user. */
        EXECUTABLE("of an executable"),
        /** Of one host. */
        USER("of a user"),
        /** Address or host name. */
        DESTINATION("to a destination"),
        /** Both. */
        EXECUTABLE_AND_DESTINATION("of an executable to a destination");

        private final String text;

        Scope(String text) {
            this.text = text;
        }
    }
}
