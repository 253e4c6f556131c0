import Delivery
import FoundationEssentials
import Logging
import Spool

/// The object `_tributary/spool.json`: which spool a fleet's bucket holds. Made once, by the first host.
struct FleetSpool: Codable, Equatable {
    static let format = 1

    var format: Int
    /// 32 hexadecimal digits.
    var spoolID: String
    /// The fleet's name.
    var fleet: String

    enum CodingKeys: String, CodingKey {
        case format, fleet
        case spoolID = "spool_id"
    }
}

/// Why a fleet's bucket can't be used.
package enum FleetSpoolProblem: Error, Sendable, Equatable, CustomStringConvertible {
    /// It may pass: the store does not answer, say.
    case notYet(String)
    /// Somebody has to change something.
    case refused(String)

    package var description: String {
        switch self {
        case .notYet(let words), .refused(let words): words
        }
    }
}

extension SealLog {
    /// Tries out whether the bucket keeps conditions, and returns the id of its spool, 16 bytes. The first host makes it.
    ///
    /// A store that accepts a condition and ignores it would let two hosts decide the same generation, so it is refused.
    package func open(fleet: String) async throws(FleetSpoolProblem) -> [UInt8] {
        let steps = await S3Destination(S3Destination.Settings(address: client.address, encryption: nil), client)
            .check()
        if let failed = steps.first(where: { $0.remedy != nil && $0.name != "region" && $0.name != "clock" }) {
            let words = "fleet.log: \(failed.found). \(failed.remedy ?? "")"
            throw failed.name == "once" ? .refused(words) : .notYet(words)
        }
        do throws(S3Problem) {
            if let known = try await spool() { return try id(known, fleet) }
            let new = FleetSpool(
                format: FleetSpool.format, spoolID: UUID().uuidString.filter { $0 != "-" }.lowercased(), fleet: fleet)
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys]
            _ = try await client.write(
                FleetKey.spool, (try? encoder.encode(new)).map { Array($0) } ?? [], if: .isNew)
            // Another host may have been first.
            guard let made = try await spool() else {
                throw S3Problem(
                    trouble: DeliveryTrouble(
                        "\(FleetKey.spool) was written, but it is gone", remedy: "It is tried again"))
            }
            return try id(made, fleet)
        } catch {
            throw error.isFinal ? .refused("fleet.log: \(error)") : .notYet("fleet.log: \(error)")
        }
    }

    func spool() async throws(S3Problem) -> FleetSpool? {
        guard let read = try await client.read(FleetKey.spool) else { return nil }
        guard let spool = try? JSONDecoder().decode(FleetSpool.self, from: Data(read.bytes)) else {
            throw S3Problem(
                trouble: DeliveryTrouble(
                    "\(client.address.shown)/\(FleetKey.spool) is damaged",
                    remedy: "Restore it from a version or a copy"),
                isFinal: true)
        }
        return spool
    }

    private func id(_ spool: FleetSpool, _ fleet: String) throws(S3Problem) -> [UInt8] {
        func refused(_ words: String, _ remedy: String) -> S3Problem {
            S3Problem(trouble: DeliveryTrouble(words, remedy: remedy), isFinal: true)
        }
        guard spool.format <= FleetSpool.format else {
            throw refused(
                "\(client.address.shown) has format \(spool.format), and this version supports \(FleetSpool.format)",
                "Install the version that the other hosts have")
        }
        guard spool.fleet == fleet else {
            throw refused(
                "\(client.address.shown) belongs to the fleet \(spool.fleet), and this host's is \(fleet)",
                "Correct fleet.name, or give this fleet a bucket or prefix of its own")
        }
        guard let id = SharedSpoolID(spool.spoolID)?.bytes else {
            throw refused("\(FleetKey.spool) has no valid id", "Restore it from a version or a copy")
        }
        return id
    }
}
