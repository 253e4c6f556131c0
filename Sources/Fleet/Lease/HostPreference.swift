/// Which integrations a host takes first (rendezvous hashing): hosts that look for work at the same time rarely want the same one.
enum HostPreference {
    /// Higher: wanted more. The same on every host.
    static func weight(of integration: String, for host: String) -> UInt64 {
        var hash = fnv(host.utf8, from: 0xcbf2_9ce4_8422_2325)
        hash = fnv(CollectionOfOne(0x2F), from: hash)
        hash = fnv(integration.utf8, from: hash)
        // FNV-1a alone leaves the high bits of similar texts alike (finalizer of MurmurHash3).
        hash = (hash ^ (hash >> 33)) &* 0xff51_afd7_ed55_8ccd
        hash = (hash ^ (hash >> 33)) &* 0xc4ce_b9fe_1a85_ec53
        return hash ^ (hash >> 33)
    }

    /// Of a set of names: the same on every host that has the same names.
    static func digest(of names: Set<String>) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for name in names.sorted() { hash = fnv(CollectionOfOne(0x0A), from: fnv(name.utf8, from: hash)) }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    private static func fnv(_ bytes: some Sequence<UInt8>, from start: UInt64) -> UInt64 {
        bytes.reduce(start) { hash, byte in (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }
}
