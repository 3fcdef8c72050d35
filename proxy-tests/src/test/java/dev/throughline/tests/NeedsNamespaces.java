package dev.throughline.tests;

import dev.throughline.demo.Namespace;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.Optional;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A condition for tests that need network namespaces with interception. Otherwise they are skipped with the reason, except if
 * the environment says CI=true: a check that silently checks nothing is worse than a red one.
 */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(NeedsNamespaces.Condition.class)
@interface NeedsNamespaces {
    final class Condition implements ExecutionCondition {
        private static final Optional<String> MISSING = Namespace.unavailable();

        static {
            MISSING.ifPresent(reason -> System.out.println("scenes that need namespaces are skipped: " + reason));
        }

        @Override
        public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
            return decide(MISSING, "true".equals(System.getenv("CI")));
        }

        static ConditionEvaluationResult decide(Optional<String> missing, boolean mustRun) {
            if (missing.isEmpty()) {
                return ConditionEvaluationResult.enabled("namespaces can be had");
            }
            if (mustRun) {
                throw new AssertionError("CI=true, and the scenes can't be played here: " + missing.get());
            }
            return ConditionEvaluationResult.disabled(missing.get());
        }
    }
}
