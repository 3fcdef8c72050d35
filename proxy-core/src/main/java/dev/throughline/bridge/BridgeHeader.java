package dev.throughline.bridge;

import static com.google.common.base.Preconditions.checkArgument;

import dev.throughline.chain.Claimed;
import dev.throughline.chain.ProcessBlock;
import dev.throughline.header.Bytes;
import dev.throughline.header.Header;
import dev.throughline.header.HeaderWriter;
import dev.throughline.header.Tlv;
import dev.throughline.header.Tuple;
import dev.throughline.originator.InterceptionMethod;
import dev.throughline.originator.ProcessIdentity;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The header with which an agent hands over a flow (BRIDGE.md, "Header"). Its bytes are those of {@code
 * HeaderWriter.proxy(flow(), tlvs())}, optionally with a checksum.
 *
 * @param flow the application's own source and the requested destination; TCP only
 * @param wayIn how the agent intercepted the flow
 * @param process the originator, as claimed by the agent
 * @param handle the agent's id of the flow, 1 to 32 bytes, if it opens connections for the hop
 * @param hostName the destination's DNS name in lower-case ASCII, if the application used one
 */
public record BridgeHeader(
        Tuple flow,
        InterceptionMethod wayIn,
        Claimed<ProcessIdentity> process,
        Optional<Bytes> handle,
        Optional<String> hostName) {
    /** Type of the TLV with the originator's block. */
    public static final int BLOCK_TYPE = 0xE6;

    /** PP2_TYPE_AUTHORITY (PROXY protocol, section 2.2.2). */
    private static final int HOST_NAME_TYPE = 0x02;

    private static final int MAGIC_1 = 0x49;
    private static final int MAGIC_2 = 0x42;
    private static final int VERSION = 1;
    private static final int PREFIX_BYTES = 4;
    private static final int MAX_HOST_NAME = 253;
    private static final String LABEL = "[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?";

    /** The last label must have a letter: a name that ends in a number is an address (WHATWG URL, section 3.5). */
    private static final Pattern HOST_NAME = Pattern.compile("(" + LABEL + "\\.)*(?=[0-9_-]*[a-z])" + LABEL);

    /**
     * Checks all fields except the process, which {@link ProcessBlock#write} checks.
     *
     * @throws IllegalArgumentException if the flow isn't TCP, agents can't have the method, or handle or name is
     *     malformed
     */
    public BridgeHeader {
        checkArgument(flow.transport().isTcp(), "agents pass on TCP, not %s", flow.transport());
        checkArgument(mayBe(wayIn), "agents can't use method %s", wayIn);
        handle.ifPresent(Handle::check);
        hostName.ifPresent(name -> checkArgument(isHostName(name), "\"%s\" is not a host name", name));
    }

    /**
     * Encodes it as TLVs, in order; a CRC32C may follow them.
     *
     * @return the block, and handle and host name if present
     * @throws IllegalArgumentException for a process that can't be encoded ({@link ProcessBlock#write})
     */
    public List<Tlv> tlvs() {
        Bytes process = ProcessBlock.write(process().unverified());
        byte[] block = new byte[PREFIX_BYTES + process.length()];
        block[0] = MAGIC_1;
        block[1] = MAGIC_2;
        block[2] = VERSION;
        block[3] = (byte) wayIn.code();
        process.copyInto(block, PREFIX_BYTES);
        List<Tlv> tlvs = new ArrayList<>();
        tlvs.add(new Tlv(BLOCK_TYPE, Bytes.wrap(block)));
        handle.ifPresent(value -> tlvs.add(new Tlv(Handle.TYPE, value)));
        hostName.ifPresent(
                name -> tlvs.add(new Tlv(HOST_NAME_TYPE, Bytes.wrap(name.getBytes(StandardCharsets.US_ASCII)))));
        return List.copyOf(tlvs);
    }

    /**
     * Decodes a header.
     *
     * @param header complete
     * @return the content, or why it is malformed
     */
    public static BridgeRead read(Header header) {
        if (header.command() != Header.Command.PROXY) {
            return new BridgeRead.Malformed(12, "command LOCAL, which has no flow");
        }
        Tuple flow = header.tuple().orElseThrow();
        if (!flow.transport().isTcp()) {
            return new BridgeRead.Malformed(13, flow.transport() + ", expected TCP");
        }
        int at = HeaderWriter.FIXED_BYTES + flow.transport().addressBytes();
        int position = 0;
        Optional<Tlv> block = Optional.empty();
        int blockAt = at;
        Optional<Bytes> handle = Optional.empty();
        Optional<String> name = Optional.empty();
        for (Tlv tlv : header.tlvs()) {
            int found = position(tlv.type());
            if (found <= position) {
                return new BridgeRead.Malformed(
                        at,
                        "TLV %02x: expected e6, then optionally e7, 02 and 03, in this order".formatted(tlv.type()));
            }
            position = found;
            if (tlv.type() == BLOCK_TYPE) {
                block = Optional.of(tlv);
                blockAt = at + Tlv.OVERHEAD;
            } else if (tlv.type() == Handle.TYPE) {
                if (!Handle.is(tlv.value())) {
                    return new BridgeRead.Malformed(at + Tlv.OVERHEAD, Handle.FORM);
                }
                handle = Optional.of(tlv.value());
            } else if (tlv.type() == HOST_NAME_TYPE) {
                name = hostName(tlv.value());
                if (name.isEmpty()) {
                    return new BridgeRead.Malformed(
                            at + Tlv.OVERHEAD, "the destination's name isn't a host name in lower-case ASCII");
                }
            }
            at += Tlv.OVERHEAD + tlv.value().length();
        }
        return block.isEmpty()
                ? new BridgeRead.Malformed(blockAt, "the originator's block (TLV e6) is missing")
                : block(flow, block.get().value(), blockAt, handle, name);
    }

    /** Returns the position of a type among the TLVs; 0 for a type that isn't allowed. */
    private static int position(int type) {
        return switch (type) {
            case BLOCK_TYPE -> 1;
            case Handle.TYPE -> 2;
            case HOST_NAME_TYPE -> 3;
            case Tlv.CRC32C -> 4;
            default -> 0;
        };
    }

    private static BridgeRead block(Tuple flow, Bytes block, int at, Optional<Bytes> handle, Optional<String> name) {
        if (block.length() < PREFIX_BYTES || block.at(0) != MAGIC_1 || block.at(1) != MAGIC_2) {
            return new BridgeRead.Malformed(at, "the block doesn't start with 49 42, a version and a method");
        }
        if (block.at(2) != VERSION) {
            return new BridgeRead.Malformed(at + 2, "block version " + block.at(2) + ", expected " + VERSION);
        }
        Optional<InterceptionMethod> method =
                InterceptionMethod.ofCode(block.at(3)).filter(BridgeHeader::mayBe);
        if (method.isEmpty()) {
            return new BridgeRead.Malformed(at + 3, "agents can't use method " + block.at(3));
        }
        Bytes process = block.part(PREFIX_BYTES, block.length() - PREFIX_BYTES);
        return switch (ProcessBlock.read(process)) {
            case ProcessBlock.Read.Found(Claimed<ProcessIdentity> claim) ->
                new BridgeRead.Found(new BridgeHeader(flow, method.get(), claim, handle, name));
            case ProcessBlock.Read.Malformed(int offset, String problem) ->
                new BridgeRead.Malformed(at + PREFIX_BYTES + offset, problem);
        };
    }

    /**
     * Returns whether an agent can have intercepted a flow this way. Only hops use the Unix bridge, and behind a proxy's header
     * the agent can't know the process.
     */
    private static boolean mayBe(InterceptionMethod method) {
        return method != InterceptionMethod.UNIX_BRIDGE && method != InterceptionMethod.PROXY_HEADER;
    }

    private static Optional<String> hostName(Bytes value) {
        return value.isAscii() ? Optional.of(value.toUtf8()).filter(BridgeHeader::isHostName) : Optional.empty();
    }

    private static boolean isHostName(String name) {
        return name.length() <= MAX_HOST_NAME && HOST_NAME.matcher(name).matches();
    }
}
