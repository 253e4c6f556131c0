/// A loader's progress in an integration of a fleet: all seals before one seal, and the first segments of that seal. The seal is given by the
/// generation that it begins.
///
/// The text `acme/12/3` means all seals of acme before the seal that begins generation 12, and the first 3 segments of that seal. It is also the
/// position of the third of these segments.
package struct SealPosition: Sendable, Hashable, Codable {
    /// The generation, at least 1. The first seal begins generation 2.
    package var generation: UInt64
    /// How many segments of the seal that begins this generation are included. At least 0.
    package var segments: Int

    package init(generation: UInt64, segments: Int) {
        self.generation = generation
        self.segments = segments
    }

    /// The largest accepted generation and number of segments, far above any real value.
    private static let limit: Int64 = 1 << 40

    /// Whether both numbers are in range.
    package var isPlausible: Bool {
        (1...UInt64(Self.limit)).contains(generation) && (0...Int(Self.limit)).contains(segments)
    }

    package func text(_ integration: String) -> String { "\(integration)/\(generation)/\(segments)" }

    /// Whether a loader at this position has loaded everything up to `other`.
    package func covers(_ other: SealPosition) -> Bool { self >= other }
}

extension SealPosition: Comparable {
    package static func < (left: Self, right: Self) -> Bool {
        (left.generation, left.segments) < (right.generation, right.segments)
    }
}

extension [String: SealPosition] {
    /// Parses positions of several integrations: `acme/12/3,globex/4/1`. Nil if the text is malformed or names an integration twice.
    package init?(positions text: String) {
        self = [:]
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let fields = part.split(separator: "/", omittingEmptySubsequences: false)
            guard fields.count == 3, !fields[0].isEmpty, let generation = UInt64(fields[1]),
                let segments = Int(fields[2]),
                case let position = SealPosition(generation: generation, segments: segments), position.isPlausible,
                self[String(fields[0])] == nil
            else { return nil }
            self[String(fields[0])] = position
        }
    }

    /// The positions as text, in the order of names.
    package var text: String {
        sorted { $0.key < $1.key }.map { $1.text($0) }.joined(separator: ",")
    }
}
