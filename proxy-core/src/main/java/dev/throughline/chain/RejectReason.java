package dev.throughline.chain;

/**
 * The reason for which a header was rejected, in the order in which the verifier checks; SPEC.md, "Verification", has the same
 * list.
 */
public enum RejectReason {
    /** A LOCAL header carries no flow. */
    LOCAL_NOT_ALLOWED("a LOCAL header carries no flow"),
    /** The header carries no signed chain. */
    UNSIGNED("the header carries no signed chain"),
    /** The chain is malformed. */
    MALFORMED("the chain is malformed"),
    /** The header's addresses are not the signed ones. */
    ADDRESS_MISMATCH("the header's addresses differ from the signed ones"),
    /** The chain is longer than this hop accepts. */
    TOO_MANY_HOPS("the chain is longer than this hop accepts"),
    /** A link's index is not its position. */
    LINK_ORDER("a link is at the wrong position"),
    /** A hop is in the chain twice, or this hop is in it already. */
    LOOP("a hop is in the chain twice, or this hop is in it already"),
    /** A hop forwarded a chain that it had not verified. */
    PREVIOUS_NOT_VERIFIED("a hop forwarded a chain that it had not verified"),
    /** A link is bound to a TLS connection that this hop doesn't hold. */
    EXPORTER_NOT_CHECKABLE("a link is bound to a TLS connection that this hop doesn't hold"),
    /** No trusted key has this id. */
    UNKNOWN_KEY("no trusted key has this id"),
    /** The key was revoked. */
    KEY_REVOKED("the key was revoked"),
    /** The key is outside its time window. */
    KEY_NOT_VALID_NOW("the key is outside its time window"),
    /** The key belongs to another hop than the link says. */
    KEY_OF_OTHER_HOP("the key belongs to another hop than the link says"),
    /** The algorithm is not the key's. */
    ALGORITHM_MISMATCH("the algorithm is not the key's"),
    /** The first key may not be the origin of any host. */
    NOT_AN_ORIGIN("the first key has no right to be an origin"),
    /** The first key may not be the origin for this host. */
    HOST_OUT_OF_SCOPE("the first key has no right to be the origin for this host"),
    /** A later key may not sign as a hop. */
    NOT_A_HOP("a later key has no right to sign as a hop"),
    /** A link's lifetime is longer than allowed. */
    TTL_TOO_LONG("a link's ttl is longer than allowed"),
    /** A link was issued later than now. */
    FROM_THE_FUTURE("a link was issued in the future"),
    /** The last link has expired. */
    EXPIRED("the last link has expired"),
    /** A link was forwarded after it had expired. */
    STALE_LINK("a link was forwarded after it had expired"),
    /** A link was issued before the one that precedes it. */
    TIME_REVERSED("a link was issued before the one that precedes it"),
    /** The last link was issued before this hop started, or before its clock was last set. */
    ISSUED_BEFORE_START("the last link was issued before this hop started, or its clock was set"),
    /** The audience of a link is not the hop that forwarded it. */
    AUDIENCE_BROKEN("a link's audience is not the hop that forwarded it"),
    /** The incoming connection of a link is not the outgoing one of the link before. */
    PEER_BROKEN("a link's incoming connection is not the outgoing one of the link before"),
    /** The audience of the last link is another hop. */
    NOT_MY_AUDIENCE("the last link's audience is another hop"),
    /** The last link is for another connection. */
    NOT_MY_CONNECTION("the last link is for another connection"),
    /** A signature doesn't verify. */
    BAD_SIGNATURE("a signature does not verify"),
    /** The chain was presented before. */
    REPLAYED("the chain was presented before"),
    /** The flow was presented too often. */
    FLOW_REPEATED("the flow was presented too often"),
    /** The store that recognises replays is full. */
    REPLAY_STORE_FULL("the store that recognises replays is full");

    private final String meaning;

    RejectReason(String meaning) {
        this.meaning = meaning;
    }

    /** {@return an explanation for operators} */
    public String meaning() {
        return meaning;
    }

    /** Returns the form that logs and metrics use, such as {@code bad-signature}. */
    @Override
    public String toString() {
        return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }
}
