package dev.throughline.chain;

import dev.throughline.header.Bytes;

/**
 * A link with its signature.
 *
 * @param link the decoded body
 * @param body the encoded body
 * @param proof the signature and its position in the batch
 */
public record SignedLink(Link link, Bytes body, Proof proof) {
    static final int TYPE = 2;

    static SignedLink read(ByteReader in) throws WireException {
        in.expect(TYPE, "the type of a link");
        ByteReader bodyCursor = in.part(in.u16("the length of a link's body"), "a link's body");
        Bytes body = bodyCursor.rest();
        Link link = Link.read(bodyCursor);
        ByteReader proof = in.part(in.u16("the length of a link's proof"), "a link's proof");
        return new SignedLink(link, body, Proof.read(proof));
    }

    /** Returns the number of bytes that {@link #writeTo} writes. */
    int size() {
        return size(body, proof.path().size());
    }

    static int size(Bytes body, int pathLength) {
        return 1 + 2 + body.length() + 2 + Proof.size(pathLength);
    }

    void writeTo(ByteWriter out) {
        out.u8(TYPE).u16(body.length()).bytes(body).u16(Proof.size(proof.path().size()));
        proof.writeTo(out);
    }
}
