package dev.throughline.chain;

import dev.throughline.header.Bytes;
import java.util.AbstractList;
import java.util.List;
import java.util.RandomAccess;
import org.jspecify.annotations.Nullable;

/**
 * The details of an origin with their encodings, which are the same for all flows of a process. Immutable, so that its cached
 * fields need no lock: a thread that misses one only computes it again.
 */
final class DetailList extends AbstractList<Detail> implements RandomAccess {
    private final Detail[] details;
    private @Nullable Bytes encoded;
    private @Nullable Bytes commitments;

    private DetailList(List<Detail> details) {
        this.details = details.toArray(new Detail[0]);
    }

    /** Returns these details; a list of this type as it is. */
    static DetailList of(List<Detail> details) {
        return details instanceof DetailList list ? list : new DetailList(details);
    }

    /** Returns the bytes that {@link DetailSection#write} writes. */
    Bytes encoded() {
        Bytes made = encoded;
        if (made == null) {
            ByteWriter out = new ByteWriter(DetailSection.size(this));
            DetailSection.write(this, out);
            made = out.toBytes();
            encoded = made;
        }
        return made;
    }

    /** Returns the kind and commitment of each detail, open or closed: the part of them that the origin's digest covers. */
    Bytes commitments() {
        Bytes made = commitments;
        if (made == null) {
            ByteWriter out = new ByteWriter(details.length * (1 + Digests.SIZE));
            for (Detail detail : details) {
                out.u8(detail.kind().code()).bytes(detail.commitment());
            }
            made = out.toBytes();
            commitments = made;
        }
        return made;
    }

    @Override
    public Detail get(int index) {
        return details[index];
    }

    @Override
    public int size() {
        return details.length;
    }
}
