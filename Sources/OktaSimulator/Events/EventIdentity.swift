/// Converts an event's index to its uuid and back. 60 bits of the uuid are the index, encrypted with a key. 62 more bits are a check value, with
/// which the org recognizes uuids that it never issued. The uuid looks like a version 1 UUID, as Okta's uuids do.
struct EventIdentity: Sendable {
    private let key: UInt64
    private let seed: UInt64
    private let purpose: Seed.Purpose

    private static let mask: UInt64 = (1 << 60) - 1
    private static let factor: UInt64 = 0x0D1B_54A3_2D19_2ED3

    /// The inverse of `factor` modulo 2^60, by Newton's iteration: each round doubles the number of correct bits.
    private static let inverse: UInt64 = {
        var x = factor
        for _ in 0..<6 { x = x &* (2 &- factor &* x) }
        return x & mask
    }()

    init(seed: UInt64, purpose: Seed.Purpose = .identity) {
        self.seed = seed
        self.purpose = purpose
        key = Seed.derive(seed, purpose, -1) & Self.mask
    }

    /// Appends the 36 characters of the uuid of `index`.
    func append(_ index: Int, to out: inout [UInt8]) {
        var x = (UInt64(index) &+ key) & Self.mask
        x ^= x >> 30
        x = (x &* Self.factor) & Self.mask
        x ^= x >> 30
        let low = check(index)
        out.appendHex(x >> 28, digits: 8)
        out.append(0x2D)
        out.appendHex((x >> 12) & 0xFFFF, digits: 4)
        out.append(0x2D)
        out.appendHex(0x1000 | (x & 0xFFF), digits: 4)
        out.append(0x2D)
        out.appendHex(low >> 48, digits: 4)
        out.append(0x2D)
        out.appendHex(low & 0xFFFF_FFFF_FFFF, digits: 12)
    }

    /// The two variant bits, 1 and 0, followed by the 62 bits of the check value.
    private func check(_ index: Int) -> UInt64 {
        0x8000_0000_0000_0000 | (Seed.derive(seed, purpose, index) >> 2)
    }

    /// The uuid of `index` as text.
    func text(_ index: Int) -> String {
        var bytes: [UInt8] = []
        append(index, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The index of the event with the uuid `text`, even if the event does not exist yet. Nil if the uuid does not belong to this org.
    func index(of text: some StringProtocol) -> Int? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.count) == [8, 4, 4, 4, 12], let high = UInt64(parts[0], radix: 16),
            let middle = UInt64(parts[1], radix: 16), let low = UInt64(parts[2], radix: 16), low >> 12 == 1
        else { return nil }
        var x = (high << 28) | (middle << 12) | (low & 0xFFF)
        x ^= x >> 30
        x = (x &* Self.inverse) & Self.mask
        x ^= x >> 30
        let index = (x &- key) & Self.mask
        guard index < 1 << 48, self.text(Int(index)) == text else { return nil }
        return Int(index)
    }
}
