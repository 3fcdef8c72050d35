package dev.throughline.hop;

import com.google.common.collect.ImmutableSet;
import dev.throughline.admin.AdminPages;
import dev.throughline.admin.AdminServer;
import dev.throughline.config.AdminConfig;
import dev.throughline.config.HopConfig;
import dev.throughline.flow.HostShortages;
import dev.throughline.platform.linux.OwnUser;
import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.util.Locale;

/** The start of the admin interface and the metrics address. */
final class AdminInterface {
    private AdminInterface() {}

    /**
     * Starts to listen.
     *
     * @param loop a separate event loop, so that the admin interface answers while flows keep other loops busy
     * @param connections maximum number of open connections to each address
     */
    static AdminServer start(
            HopConfig config, AdminPages pages, EventLoopGroup loop, HostShortages shortages, int connections)
            throws IOException {
        AdminConfig admin = config.admin();
        ImmutableSet<Integer> uids = ImmutableSet.<Integer>builder()
                .add(0, OwnUser.uid())
                .addAll(admin.uids())
                .build();
        AdminServer server = new AdminServer(loop, pages, uids, shortages, connections);
        try {
            server.listen(admin.socket());
            if (admin.metrics().isPresent()) {
                ImmutableSet<String> hosts = ImmutableSet.<String>builder()
                        .add(config.identity().host().toLowerCase(Locale.ROOT))
                        .addAll(admin.metricsHosts())
                        .build();
                server.listen(admin.metrics().get(), hosts);
            }
            return server;
        } catch (IOException | RuntimeException e) {
            server.close();
            throw e;
        }
    }
}
