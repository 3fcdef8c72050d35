package dev.throughline.config;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;

/** Why a file can't be used, in words: the JDK's own exceptions often say only its name. */
public final class IoReason {
    private IoReason() {}

    public static String of(IOException problem) {
        return switch (problem) {
            case NoSuchFileException e -> "no such file or folder";
            case AccessDeniedException e -> "permission denied";
            case FileAlreadyExistsException e -> "it exists already";
            case NotDirectoryException e -> "not a folder";
            default -> String.valueOf(problem.getMessage());
        };
    }
}
