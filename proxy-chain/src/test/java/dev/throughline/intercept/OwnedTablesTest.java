package dev.throughline.intercept;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class OwnedTablesTest {
    @Test
    void aTablesBlockBecomesCommandsThatDoNotSayTheTableAgain() {
        NftScript script = new NftScript();
        script.table("t", "a comment");
        script.chain("judge", "route hook output priority mangle", "what for");
        script.rule("meta l4proto != tcp accept");
        script.rule("goto take");
        script.end();
        script.chain("take");
        script.end();

        assertThat(OwnedTables.commands("t", script.text())).isEqualTo("""
                add chain inet t judge { type route hook output priority mangle; policy accept; }
                add chain inet t take
                add rule inet t judge meta l4proto != tcp accept
                add rule inet t judge goto take
                """);
    }

    /** A set may be used by a rule of a chain that comes before it. */
    @Test
    void setsComeBeforeRules() {
        assertThat(OwnedTables.commands("t", """
                table inet t {
                	chain judge {
                		ip daddr @known accept
                	}
                	set known {
                		type ipv4_addr
                		flags interval
                	}
                }
                """)).isEqualTo("""
                add chain inet t judge
                add set inet t known { type ipv4_addr; flags interval; }
                add rule inet t judge ip daddr @known accept
                """);
    }
}
