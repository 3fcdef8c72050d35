package dev.throughline.tests;

import com.google.common.base.Splitter;
import dev.throughline.demo.emulator.NetworkFrameworkEmulator;
import dev.throughline.header.Tuple;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The program of a {@link Party}'s process: one command for each line of standard input, one answer for each on standard output. */
final class PartyMain {
    private final List<EchoServer> servers = new ArrayList<>();
    private final List<ServerSocketChannel> listeners = new ArrayList<>();
    private final List<NetworkFrameworkEmulator> agents = new ArrayList<>();
    private final Map<String, End> ends = new HashMap<>();

    private PartyMain() {}

    public static void main(String[] arguments) throws IOException {
        PartyMain party = new PartyMain();
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        System.out.println("ok ready");
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            String answer;
            try {
                answer = "ok " + party.obey(Splitter.on(' ').splitToList(line));
            } catch (IOException e) {
                answer = "failed " + e;
            }
            System.out.println(answer);
        }
    }

    private String obey(List<String> words) throws IOException {
        return switch (words.getFirst()) {
            case "serve" -> {
                servers.add(EchoServer.at(Party.endpoint(words.get(1))));
                yield "";
            }
            case "listen" -> {
                listeners.add(ServerSocketChannel.open(StandardProtocolFamily.UNIX)
                        .bind(UnixDomainSocketAddress.of(words.get(1))));
                yield "";
            }
            case "emulate" -> {
                agents.add(NetworkFrameworkEmulator.start(
                        Path.of(words.get(1)),
                        NetworkFrameworkEmulator.Settings.limited(NetworkFrameworkEmulator.LIMIT)));
                yield "";
            }
            case "connections" ->
                "" + servers.stream().mapToLong(EchoServer::connections).sum();
            case "bytes" -> "" + servers.stream().mapToLong(EchoServer::bytes).sum();
            case "open" -> {
                End end = End.connect(from(words), Party.endpoint(words.get(2)), Integer.parseInt(words.get(4)));
                ends.put(words.get(1), end);
                yield Tuple.text(end.local());
            }
            case "refused" ->
                "" + End.isRefused(from(words), Party.endpoint(words.get(2)), Integer.parseInt(words.get(4)));
            case "say" -> {
                End end = ends.get(words.get(1));
                end.send(HexFormat.of().parseHex(words.get(2))).finish();
                yield HexFormat.of().formatHex(end.rest());
            }
            case "trickle" -> {
                End end = ends.get(words.get(1));
                for (byte one : HexFormat.of().parseHex(words.get(2))) {
                    end.send(new byte[] {one});
                }
                yield HexFormat.of().formatHex(end.finish().rest());
            }
            case "urgent" -> {
                End end = ends.get(words.get(1));
                for (String piece : Splitter.on(',').split(words.get(2))) {
                    if (piece.startsWith("!")) {
                        end.socket().sendUrgentData(Integer.parseInt(piece.substring(1), 16));
                    } else {
                        end.send(HexFormat.of().parseHex(piece));
                    }
                }
                yield HexFormat.of().formatHex(end.finish().rest());
            }
            case "exchange" -> {
                End end = ends.get(words.get(1));
                byte[] bytes = HexFormat.of().parseHex(words.get(2));
                yield HexFormat.of().formatHex(end.send(bytes).receive(bytes.length));
            }
            case "send" -> {
                ends.get(words.get(1)).send(HexFormat.of().parseHex(words.get(2)));
                yield "";
            }
            case "is-reset" -> "" + ends.get(words.get(1)).isReset();
            case "reset" -> {
                ends.remove(words.get(1)).reset();
                yield "";
            }
            case "close" -> {
                ends.remove(words.get(1)).close();
                yield "";
            }
            default -> throw new IOException("unknown command " + words);
        };
    }

    private static Optional<InetSocketAddress> from(List<String> words) {
        return Optional.of(words.get(3)).filter(word -> !word.equals("-")).map(Party::endpoint);
    }
}
