import Testing

@testable import tributary

@Suite("The unit's settings from systemd")
struct InstalledUnitTests {
    @Test(
        "SocketBindAllow= and SocketBindDeny= of the unit decide on which ports the daemon may listen",
        arguments: [
            ("any", "tcp:9464", 9464, true), ("any", "tcp:9464", 9465, false), ("", "", 9465, true),
            ("any", "ipv6:tcp:9464", 9464, false), ("any", "ipv4:tcp:9464", 9464, true),
            ("any", "tcp:9464 tcp:9000-9100", 9050, true), ("any", "udp:9464", 9464, false), ("any", "any", 1, true),
        ])
    func ports(_ deny: String, _ allow: String, _ port: Int, _ expected: Bool) {
        let unit = InstalledUnit(["SocketBindDeny": deny, "SocketBindAllow": allow], text: "")
        #expect(unit.mayListen(on: port, isIPv6: false) == expected)
    }
}
