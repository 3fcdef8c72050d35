package dev.throughline.cli;

/**
 * The result of one check of doctor.
 *
 * @param group what it belongs to, such as {@code kernel}
 * @param text what was found
 * @param hint what to do; empty where nothing needs doing
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
