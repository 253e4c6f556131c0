import Delivery
import FoundationEssentials
import Logging
import Spool

/// The object `_tributary/spool.json`, which identifies the spool in a fleet's bucket. The first host writes it once.
struct FleetSpool: Codable, Equatable {
    static let format = 1

    var format: Int
    /// The id of the spool: 32 hexadecimal digits.
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
    /// A problem that may pass, such as a store that does not answer.
    case notYet(String)
    /// A problem that lasts until a person changes something.
    case refused(String)

    package var description: String {
        switch self {
        case .notYet(let words), .refused(let words): words
        }
    }
}

extension SealLog {
    /// Tests whether the bucket honors conditional writes, and returns the id of its spool, 16 bytes. The first host makes the id.
    ///
    /// A store that accepts a condition but ignores it would let two hosts decide the same generation, so such a store is refused.
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
            // If the write was refused, another host has written the object first.
            guard let made = try await spool() else {
                throw S3Problem(
                    trouble: DeliveryTrouble(
                        "\(FleetKey.spool) was written, but is missing now", remedy: "Tributary retries"))
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
                    remedy: "Restore an earlier version or a copy of the object"),
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
                "\(client.address.shown) has format \(spool.format), but this version supports formats up to \(FleetSpool.format)",
                "Install the version that runs on the other hosts")
        }
        guard spool.fleet == fleet else {
            throw refused(
                "\(client.address.shown) belongs to the fleet \(spool.fleet), but this host belongs to \(fleet)",
                "Correct fleet.name, or give this fleet a separate bucket or prefix")
        }
        guard let id = SharedSpoolID(spool.spoolID)?.bytes else {
            throw refused("\(FleetKey.spool) has no valid id", "Restore an earlier version or a copy of the object")
        }
        return id
    }
}
