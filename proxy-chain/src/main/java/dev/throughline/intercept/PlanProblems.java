package dev.throughline.intercept;

import com.google.common.collect.BoundType;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.Range;
import dev.throughline.intercept.CaptureRule.Apps;
import dev.throughline.intercept.CaptureRule.PreviousHop;
import dev.throughline.originator.InterceptionMethod;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** The problems of a plan. A plan becomes a script that root executes, so everything in it is checked. */
final class PlanProblems {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");

    private static final Pattern CGROUP = Pattern.compile("[A-Za-z0-9@:._\\\\/-]+");
    private static final Pattern DEVICE = Pattern.compile("[A-Za-z0-9@._-]{1,15}");

    private final RulePlan plan;
    private final List<String> found = new ArrayList<>();

    PlanProblems(RulePlan plan) {
        this.plan = plan;
    }

    ImmutableList<String> all() {
        require(NAME.matcher(plan.hop()).matches(), "hop \"" + plan.hop() + "\": not a name");
        mark("the hop's mark", plan.mark());
        plan.laterMarks().forEach(later -> mark("a later hop's mark", later));
        require(
                !plan.laterMarks().contains(plan.mark()),
                "mark " + Marks.brief(plan.mark()) + " is this hop's and a later hop's");
        require(
                plan.listeners().size() <= Marks.MAX_LISTENERS,
                plan.listeners().size() + " intercepting listeners: the maximum is " + Marks.MAX_LISTENERS);
        plan.captures().forEach(this::capture);
        ports();
        previousHops();
        return ImmutableList.copyOf(found);
    }

    private void capture(CaptureRule capture) {
        String name = capture.listener();
        require(NAME.matcher(name).matches(), "listener \"" + name + "\": not a name");
        require(
                capture.method() == InterceptionMethod.TPROXY || capture.method() == InterceptionMethod.REDIRECT,
                "listener \"" + name + "\": connections are captured by tproxy or redirect, not by "
                        + capture.method());
        port(name, capture.port());
        switch (capture.match()) {
            case Apps apps -> apps(name, apps);
            case PreviousHop previous -> previous(name, previous);
        }
    }

    private void apps(String name, Apps apps) {
        for (Range<Integer> range : apps.ports()) {
            boolean closed = range.hasLowerBound()
                    && range.hasUpperBound()
                    && range.lowerBoundType() == BoundType.CLOSED
                    && range.upperBoundType() == BoundType.CLOSED;
            require(closed, "listener \"" + name + "\": a range of ports must have both ends");
            if (closed) {
                port(name, range.lowerEndpoint());
                port(name, range.upperEndpoint());
            }
        }
        apps.uids().forEach(uid -> uid(name, uid));
        apps.except().uids().forEach(uid -> uid(name, uid));
        apps.except()
                .cgroups()
                .forEach(path -> require(
                        CGROUP.matcher(path).matches(), "listener \"" + name + "\": \"" + path + "\" is not a cgroup"));
        apps.except()
                .devices()
                .forEach(device -> require(
                        DEVICE.matcher(device).matches(),
                        "listener \"" + name + "\": \"" + device + "\" is not a device name"));
    }

    private void previous(String name, PreviousHop previous) {
        require(
                previous.mark().isPresent() || previous.uid().isPresent(),
                "listener \"" + name + "\": the previous hop needs a mark, a user, or both");
        previous.uid().ifPresent(uid -> uid(name, uid));
        previous.mark().ifPresent(mark -> {
            mark("listener \"" + name + "\": the previous hop's mark", mark);
            require(
                    mark != plan.mark() && !plan.laterMarks().contains(mark),
                    "listener \"" + name + "\": mark " + Marks.brief(mark)
                            + " belongs to this hop or a later hop, so it can't be a previous hop's");
        });
    }

    /** A listener has one port and one method, and a port has one listener. */
    private void ports() {
        Map<String, CaptureRule> byName = new HashMap<>();
        Map<Integer, String> byPort = new HashMap<>();
        for (CaptureRule capture : plan.captures()) {
            CaptureRule first = byName.getOrDefault(capture.listener(), capture);
            require(
                    first.method() == capture.method() && first.port() == capture.port(),
                    "listener \"" + capture.listener() + "\": its captures differ in method or port");
            byName.putIfAbsent(capture.listener(), capture);
            String owner = byPort.getOrDefault(capture.port(), capture.listener());
            require(
                    owner.equals(capture.listener()),
                    "listeners \"" + owner + "\" and \"" + capture.listener() + "\" share port " + capture.port());
            byPort.putIfAbsent(capture.port(), capture.listener());
        }
    }

    /** The second of two captures with the same condition would never match. */
    private void previousHops() {
        Set<PreviousHop> seen = new HashSet<>();
        for (CaptureRule capture : plan.captures()) {
            if (capture.match() instanceof PreviousHop previous) {
                require(
                        seen.add(previous),
                        "listener \"" + capture.listener()
                                + "\": another capture already takes this previous hop's connections");
            }
        }
    }

    private void mark(String what, int mark) {
        require(mark >= 1 && mark <= Marks.MAX, what + " is " + Marks.brief(mark) + ": a mark is 0x1 to 0xffff");
    }

    private void port(String listener, int port) {
        require(port >= 1 && port <= 65535, "listener \"" + listener + "\": port " + port + " is not 1 to 65535");
    }

    private void uid(String listener, int uid) {
        require(uid >= 0, "listener \"" + listener + "\": user " + uid + " is negative");
    }

    private void require(boolean fine, String otherwise) {
        if (!fine) {
            found.add(otherwise);
        }
    }
}
