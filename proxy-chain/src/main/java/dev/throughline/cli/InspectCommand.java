package dev.throughline.cli;

import com.google.common.collect.ImmutableList;
import com.google.common.collect.Sets;
import dev.throughline.chain.CaptureCheck;
import dev.throughline.chain.Chain;
import dev.throughline.chain.ChainRead;
import dev.throughline.chain.ChainTlv;
import dev.throughline.chain.Detail;
import dev.throughline.chain.Opening;
import dev.throughline.chain.Verifier;
import dev.throughline.chain.VerifierSettings;
import dev.throughline.header.Header;
import dev.throughline.header.HeaderLimits;
import dev.throughline.header.HeaderReader;
import dev.throughline.header.ReadResult;
import dev.throughline.key.KeyFormatException;
import dev.throughline.key.Trust;
import dev.throughline.keys.KeyFiles;
import dev.throughline.report.IdNames;
import dev.throughline.report.Json;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "inspect",
        description = {
            "Show and verify a captured header, field by field.",
            "Exits with 0 if the header verifies against the trust file, and with 5 if it doesn't or no trust file is given."
                    + " Does not check what only the receiver can: audience, connection, time and replay."
        })
final class InspectCommand implements Callable<Integer> {
    @Parameters(
            arity = "0..1",
            paramLabel = "HEADER",
            defaultValue = "-",
            description = "a file, the header itself, or - for standard input (default); raw, hex or base64")
    String argument = "-";

    @Option(names = "--trust", paramLabel = "FILE", description = "trust file to verify with")
    @Nullable
    Path trustFile;

    @Option(
            names = "--open",
            paramLabel = "FILE",
            description =
                    "open closed details with the openings in this file, such as a flow log of the hop that closed"
                            + " them; exits with 5 if none matches")
    @Nullable
    Path openingsFile;

    @Option(names = "--json", description = "print JSON")
    boolean asJson;

    @Option(
            names = "--tlv-type",
            defaultValue = "0xE5",
            paramLabel = "TYPE",
            description = "TLV type of the chain (default: ${DEFAULT-VALUE})")
    String tlvType = "0xE5";

    @Override
    public Integer call() {
        ChainTlv chainTlv = chainTlv();
        Trust trust = trust();
        byte[] bytes = HeaderArgument.read(argument);
        return switch (new HeaderReader(new HeaderLimits(0xFFFF + 16)).read(bytes, bytes.length)) {
            case ReadResult.Complete complete -> inspect(complete.header(), bytes.length, chainTlv, trust);
            case ReadResult.NeedMore more ->
                malformed(bytes.length, "the header is cut: expected " + more.total() + " bytes");
            case ReadResult.Malformed bad ->
                malformed(bad.offset(), bad.problem() + " (PROXY protocol, section " + bad.section() + ")");
        };
    }

    private int inspect(Header header, int given, ChainTlv chainTlv, Trust trust) {
        ChainRead chain = chainTlv.read(header);
        if (chain instanceof ChainRead.Malformed bad) {
            return malformed(bad.offset(), bad.problem());
        }
        Optional<CaptureCheck> verification = trustFile == null
                ? Optional.empty()
                : Optional.of(Verifier.verifyCapture(header, trust, chainTlv, VerifierSettings.DEFAULT_SKEW));
        Set<Detail.Kind> opened = EnumSet.noneOf(Detail.Kind.class);
        if (openingsFile != null && chain instanceof ChainRead.Found(Chain closed)) {
            Chain more = reopened(closed, OpeningsFile.read(openingsFile));
            opened.addAll(Sets.difference(openKinds(more), openKinds(closed)));
            chain = new ChainRead.Found(more);
        }
        HeaderText text = new HeaderText(new IdNames(trust, "", ""), opened);
        if (asJson) {
            System.out.println(text.json(header, chain, verification));
        } else {
            System.out.print(text.readable(header, chain, given, verification));
        }
        boolean opensNothing = openingsFile != null && opened.isEmpty();
        if (opensNothing) {
            System.err.println(openingsFile + ": no opening in this file matches the header");
        }
        return verification.orElse(null) instanceof CaptureCheck.Genuine && !opensNothing
                ? ExitCode.OK
                : ExitCode.NOT_VERIFIED;
    }

    private static Set<Detail.Kind> openKinds(Chain chain) {
        return chain.origin().details().stream()
                .filter(Detail.Open.class::isInstance)
                .map(Detail::kind)
                .collect(Collectors.toSet());
    }

    private Chain reopened(Chain chain, ImmutableList<Opening> openings) {
        try {
            return chain.reopen(openings);
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(ExitCode.FAILURE, openingsFile + ": " + e.getMessage());
        }
    }

    private int malformed(int offset, String problem) {
        if (asJson) {
            System.out.println(Json.object(
                    out -> out.put("malformed", m -> m.put("offset", offset).put("problem", problem))));
        } else {
            System.err.println("malformed at byte " + offset + ": " + problem);
        }
        return ExitCode.NOT_VERIFIED;
    }

    private ChainTlv chainTlv() {
        try {
            return new ChainTlv(Integer.decode(tlvType));
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(ExitCode.USAGE, "--tlv-type: expected 0xE0 to 0xEF, found " + tlvType);
        }
    }

    private Trust trust() {
        if (trustFile == null) {
            return Trust.NOBODY;
        }
        try {
            return KeyFiles.readTrust(trustFile);
        } catch (KeyFormatException e) {
            throw new CommandFailure(ExitCode.CONFIGURATION, String.valueOf(e.getMessage()));
        } catch (IOException e) {
            throw CommandFailure.unreadable(trustFile, e);
        }
    }
}
