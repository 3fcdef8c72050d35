package dev.throughline.cli;

/**
 * One finding of doctor.
 *
 * @param group heading, such as {@code kernel}
 * @param text the result
 * @param hint the recommended action; may be empty
 */
record Finding(String group, Level level, String text, String hint) {
    enum Level {
        OK("ok   "),
        WARNING("warn "),
        ERROR("ERROR");

        private final String mark;

        Level(String mark) {
            this.mark = mark;
        }

        String mark() {
            return mark;
        }
    }

    static Finding ok(String group, String text) {
        return new Finding(group, Level.OK, text, "");
    }

    static Finding warning(String group, String text, String hint) {
        return new Finding(group, Level.WARNING, text, hint);
    }

    static Finding error(String group, String text, String hint) {
        return new Finding(group, Level.ERROR, text, hint);
    }
}
