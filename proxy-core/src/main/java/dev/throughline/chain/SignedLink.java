package dev.throughline.chain;

import dev.throughline.header.Bytes;
import java.nio.ByteBuffer;

/**
 * A link with its signature.
 *
 * @param link what the body says
 * @param body the body as it travels
 * @param proof the signature and its place in the batch
 */
public record SignedLink(Link link, Bytes body, Proof proof) {
    static final int TYPE = 2;

    static SignedLink read(Cursor in) throws WireException {
        in.expect(TYPE, "the type of a link");
        Cursor bodyCursor = in.part(in.u16("the length of a link's body"), "a link's body");
        Bytes body = Bytes.copyOf(bodyCursor.array(), bodyCursor.offset(), bodyCursor.end() - bodyCursor.offset());
        Link link = Link.read(bodyCursor);
        Cursor auth = in.part(in.u16("the length of a link's proof"), "a link's proof");
        return new SignedLink(link, body, Proof.read(auth));
    }

    byte[] encode() {
        byte[] auth = proof.encode();
        return ByteBuffer.allocate(1 + 2 + body.length() + 2 + auth.length)
                .put((byte) TYPE)
                .putShort((short) body.length())
                .put(body.toByteArray())
                .putShort((short) auth.length)
                .put(auth)
                .array();
    }
}
