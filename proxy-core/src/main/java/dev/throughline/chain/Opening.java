package dev.throughline.chain;

import static com.google.common.base.Preconditions.checkArgument;

import com.google.common.base.Splitter;
import dev.throughline.header.Bytes;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The salt and content of a detail, which open its commitment. A hop that keeps it can later prove the content of a closed
 * detail; without it the content can't be guessed, because of the salt.
 *
 * <p>Text form, one line: {@code THROUGHLINE-OPENING-1+KIND+BASE64(salt, fields)}.
 */
public final class Opening {
    /** Length of a salt in bytes. */
    public static final int SALT_BYTES = 16;

    private static final String PREFIX = "THROUGHLINE-OPENING-1";

    private final Detail.Kind kind;
    private final Bytes salt;
    private final Bytes fields;
    /** Computed when first needed: most headers fail or are forwarded before. */
    private @Nullable Bytes commitment;

    Opening(Detail.Kind kind, Bytes salt, Bytes fields) {
        checkArgument(salt.length() == SALT_BYTES, "a salt has 16 bytes: %s", salt.length());
        this.kind = kind;
        this.salt = salt;
        this.fields = fields;
    }

    /**
     * Reads the text form.
     *
     * @param text one line; surrounding blanks are ignored
     * @return the opening
     * @throws IllegalArgumentException with the problem
     */
    public static Opening parse(String text) {
        List<String> parts = Splitter.on('+').limit(3).splitToList(text.strip());
        checkArgument(parts.size() == 3 && parts.get(0).equals(PREFIX), "an opening reads %s+KIND+BASE64", PREFIX);
        Detail.Kind kind = java.util.Arrays.stream(Detail.Kind.values())
                .filter(known -> known.toString().equals(parts.get(1)))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "\"" + parts.get(1) + "\" is no detail: expected code, placement or person"));
        Bytes payload;
        try {
            payload = Bytes.wrap(Base64.getDecoder().decode(parts.get(2)));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("the last part of the opening is not base64 (was the line cut?)", e);
        }
        checkArgument(payload.length() > SALT_BYTES, "an opening has more than 16 bytes: was the line cut?");
        return new Opening(kind, payload.part(0, SALT_BYTES), payload.part(SALT_BYTES, payload.length() - SALT_BYTES));
    }

    /** {@return the kind of its detail} */
    public Detail.Kind kind() {
        return kind;
    }

    /** {@return 16 random bytes} */
    public Bytes salt() {
        return salt;
    }

    /** {@return the encoded fields, as in an open detail} */
    public Bytes fields() {
        return fields;
    }

    /** {@return the commitment to its detail, 32 bytes} */
    public Bytes commitment() {
        Bytes made = commitment;
        if (made == null) {
            made = Digests.detail(kind, salt, fields);
            commitment = made;
        }
        return made;
    }

    /** {@return the text form, which reveals the content} */
    public String toText() {
        byte[] payload = new byte[SALT_BYTES + fields.length()];
        salt.copyInto(payload, 0);
        fields.copyInto(payload, SALT_BYTES);
        return PREFIX + "+" + kind + "+" + Base64.getEncoder().encodeToString(payload);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Opening that
                && kind == that.kind
                && salt.equals(that.salt)
                && fields.equals(that.fields);
    }

    @Override
    public int hashCode() {
        return salt.hashCode();
    }

    @Override
    public String toString() {
        return "opening of " + kind;
    }
}
