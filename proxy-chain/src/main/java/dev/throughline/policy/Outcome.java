package dev.throughline.policy;

import java.util.Optional;

/** What becomes of a flow that a rule is about. */
public sealed interface Outcome {
    /**
     * The flow is allowed.
     *
     * @param route name of the route that it takes; empty for the hop's usual one
     * @param limitsClass name of the class whose limits it has, if any
     */
    record Allow(Optional<String> route, Optional<String> limitsClass) implements Outcome {
        /** Nothing but going on. */
        public static final Allow PLAIN = new Allow(Optional.empty(), Optional.empty());

        @Override
        public String toString() {
            return "allow"
                    + route.map(name -> ", by route " + name).orElse("")
                    + limitsClass.map(name -> ", in class " + name).orElse("");
        }
    }

    /** It is refused. */
    record Deny() implements Outcome {
        @Override
        public String toString() {
            return "deny";
        }
    }
}
