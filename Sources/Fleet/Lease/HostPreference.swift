/// The order in which a host takes integrations (rendezvous hashing). It differs between hosts, so hosts that take integrations at the same time
/// rarely choose the same one.
enum HostPreference {
    /// A host's preference for an integration: higher comes first. Every host computes the same value.
    static func weight(of integration: String, for host: String) -> UInt64 {
        var hash = fnv(host.utf8, from: 0xcbf2_9ce4_8422_2325)
        hash = fnv(CollectionOfOne(0x2F), from: hash)
        hash = fnv(integration.utf8, from: hash)
        // The finalizer of MurmurHash3 is applied, because FNV-1a alone gives similar strings similar high bits.
        hash = (hash ^ (hash >> 33)) &* 0xff51_afd7_ed55_8ccd
        hash = (hash ^ (hash >> 33)) &* 0xc4ce_b9fe_1a85_ec53
        return hash ^ (hash >> 33)
    }

    /// The digest of a set of names, equal on all hosts with the same names.
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
