package dev.throughline.identify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.throughline.platform.linux.SocketDiag;
import java.io.IOException;
import java.util.Set;
import java.util.function.LongUnaryOperator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SocketHoldersTest {
    private static final LongUnaryOperator ITSELF = LongUnaryOperator.identity();

    private static long inode(Application application) throws IOException {
        try (SocketDiag sockets = SocketDiag.open()) {
            return sockets.find(application.tuple()).orElseThrow().inode();
        }
    }

    private static SocketHolders scan(Set<Long> inodes, LongUnaryOperator owners) throws IOException {
        return SocketHolders.scan(inodes, owners, SocketHolders.BUDGET);
    }

    @Test
    @Tag("attack")
    void aUserWithManyDescriptorsMakesOnlyThatUsersSocketsLate() throws IOException {
        try (Application attacker = ManyDescriptors.run();
                Application victim = Application.run("echo ready >&3; read -r line <&3")) {
            long attackers = inode(attacker);
            long victims = inode(victim);

            SocketHolders found = scan(Set.of(attackers, victims), ITSELF);

            assertThat(found.isComplete(0)).isTrue();
            assertThat(found.of(victims)).extracting(SocketHolders.Holder::pid).containsExactly(victim.pid());
            assertThat(found.isComplete(ManyDescriptors.USER)).isFalse();
        }
    }

    @Test
    void completesWhatWasLeftAndCountsEachHolderOnce() throws IOException {
        try (Application application = ManyDescriptors.run()) {
            long inode = inode(application);
            SocketHolders found = scan(Set.of(inode), ITSELF);

            assertThat(found.complete(ManyDescriptors.USER, 100 * SocketHolders.BUDGET))
                    .isTrue();
            assertThat(found.of(inode))
                    .extracting(SocketHolders.Holder::pid)
                    .containsExactly(ManyDescriptors.holder(application));
        }
    }

    @Test
    void isNotCompleteIfTheRestTakesTooManySteps() throws IOException {
        try (Application application = ManyDescriptors.run()) {
            assertThat(scan(Set.of(inode(application)), ITSELF).complete(ManyDescriptors.USER, 1000))
                    .isFalse();
        }
    }

    @Test
    void aSubordinateIdUsesItsOwnersBudget() throws IOException {
        try (Application application = ManyDescriptors.run()) {
            SocketHolders found = scan(Set.of(inode(application)), uid -> uid == ManyDescriptors.USER ? 2001 : uid);

            assertThat(found.isComplete(2001)).isFalse();
            assertThat(found.isComplete(ManyDescriptors.USER)).isFalse();
        }
    }
}
