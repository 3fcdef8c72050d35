package dev.throughline.policy;

import java.util.Optional;

/** The outcome of a rule for the flows that it matches. */
public sealed interface Outcome {
    /**
     * The flow is allowed.
     *
     * @param route name of the flow's route; empty for the default route
     * @param limitsClass name of the flow's class, if any
     */
    record Allow(Optional<String> route, Optional<String> limitsClass) implements Outcome {
        /** Allows the flow with the default route and class. */
        public static final Allow PLAIN = new Allow(Optional.empty(), Optional.empty());

        @Override
        public String toString() {
            return "allow"
                    + route.map(name -> ", by route " + name).orElse("")
                    + limitsClass.map(name -> ", in class " + name).orElse("");
        }
    }

    /** The flow is denied. */
    record Deny() implements Outcome {
        @Override
        public String toString() {
            return "deny";
        }
    }
}
