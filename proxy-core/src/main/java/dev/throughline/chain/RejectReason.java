package dev.throughline.chain;

/** Why a header was refused, in the order in which the verifier looks; SPEC.md, "Verification", has the same list. */
public enum RejectReason {
    LOCAL_NOT_ALLOWED("a LOCAL header carries no flow"),
    UNSIGNED("the header carries no signed chain"),
    MALFORMED("the chain can't be read"),
    ADDRESS_MISMATCH("the header's addresses are not the signed ones"),
    TOO_MANY_HOPS("the chain is longer than this hop accepts"),
    LINK_ORDER("a link is not in its place"),
    LOOP("a hop is in the chain twice, or this hop is in it already"),
    PREVIOUS_NOT_VERIFIED("a hop passed on what it hadn't verified"),
    EXPORTER_NOT_CHECKABLE("a link is bound to a TLS connection that this hop doesn't hold"),
    UNKNOWN_KEY("no trusted key has this id"),
    KEY_REVOKED("the key was revoked"),
    KEY_NOT_VALID_NOW("the key is outside its time window"),
    KEY_OF_OTHER_HOP("the key belongs to another hop than the link says"),
    ALGORITHM_MISMATCH("the algorithm is not the key's"),
    NOT_AN_ORIGIN("the first key may not be the origin of any host"),
    HOST_OUT_OF_SCOPE("the first key may not be the origin for this host"),
    NOT_A_HOP("a later key may not sign as a hop"),
    TTL_TOO_LONG("a link claims a longer life than is allowed"),
    FROM_THE_FUTURE("a link was issued later than now"),
    EXPIRED("the last link has expired"),
    STALE_LINK("a link was passed on after it had expired"),
    TIME_REVERSED("a link was issued before the one that precedes it"),
    ISSUED_BEFORE_START("the last link was issued before this hop started"),
    AUDIENCE_BROKEN("a link was meant for another hop than the one that passed it on"),
    PEER_BROKEN("a link didn't come in by the connection that the one before it left by"),
    NOT_MY_AUDIENCE("the last link is meant for another hop"),
    NOT_MY_CONNECTION("the last link is for another connection"),
    BAD_SIGNATURE("a signature doesn't verify"),
    REPLAYED("the chain was presented before"),
    FLOW_REPEATED("the flow was presented too often"),
    REPLAY_STORE_FULL("the store that recognises replays is full");

    private final String meaning;

    RejectReason(String meaning) {
        this.meaning = meaning;
    }

    public String meaning() {
        return meaning;
    }

    /** The form that logs and metrics use, such as {@code bad-signature}. */
    @Override
    public String toString() {
        return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }
}
