package dev.throughline.tests;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A condition for tests that need these programs; {@code throughline verify} downloads them to {@code target}, or installs
 * them as root. Elsewhere the test is skipped and says what is missing; with CI=true in the environment it fails instead.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(NeedsPrograms.Condition.class)
@interface NeedsPrograms {
    /** Names of commands, or absolute paths of files. */
    String[] value();

    final class Condition implements ExecutionCondition {
        @Override
        public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
            Class<?> scene = context.getRequiredTestClass();
            List<String> missing = Arrays.stream(
                            scene.getAnnotation(NeedsPrograms.class).value())
                    .filter(program -> ForeignProgram.find(program).isEmpty())
                    .toList();
            ConditionEvaluationResult decision =
                    decide(scene.getSimpleName(), missing, "true".equals(System.getenv("CI")));
            if (decision.isDisabled()) {
                System.out.println("skipped: " + decision.getReason().orElseThrow());
            }
            return decision;
        }

        static ConditionEvaluationResult decide(String scene, List<String> missing, boolean mustRun) {
            if (missing.isEmpty()) {
                return ConditionEvaluationResult.enabled("all programs are here");
            }
            String reason = scene + " needs " + String.join(", ", missing)
                    + ": ./throughline verify downloads what is missing or, as root, installs it";
            if (mustRun) {
                throw new AssertionError("CI=true, and " + reason);
            }
            return ConditionEvaluationResult.disabled(reason);
        }
    }
}
