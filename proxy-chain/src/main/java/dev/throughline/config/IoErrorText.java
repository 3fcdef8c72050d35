package dev.throughline.config;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.regex.Pattern;

/** Readable reasons for I/O errors: the messages of the JDK's exceptions are often only the file name. */
public final class IoErrorText {
    /** The prefix of Netty's native transports before the kernel's message. */
    private static final Pattern NETTY_CALL = Pattern.compile("\\w+\\(\\.\\.\\) failed with error\\(-\\d+\\): ");

    private IoErrorText() {}

    /** Returns the reason. */
    public static String of(IOException problem) {
        return switch (problem) {
            case NoSuchFileException e -> "no such file or directory";
            case AccessDeniedException e -> "permission denied";
            case FileAlreadyExistsException e -> "already exists";
            case NotDirectoryException e -> "not a directory";
            case CharacterCodingException e -> "not text in UTF-8";
            case FileSystemException e when e.getReason() != null -> e.getReason();
            default -> NETTY_CALL.matcher(String.valueOf(problem.getMessage())).replaceAll("");
        };
    }

    /** Returns the reason, preceded by the file if the exception names one. */
    public static String withFile(IOException problem) {
        return problem instanceof FileSystemException file && file.getFile() != null
                ? file.getFile() + ": " + of(problem)
                : of(problem);
    }
}
