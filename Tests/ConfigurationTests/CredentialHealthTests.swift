import Configuration
import Credentials
import Testing

@Suite("the health of a credential")
struct CredentialHealthTests {
    private func facts(
        _ type: CredentialType = .apiToken, expires: String? = nil, today: String = "2026-11-23",
        lastUse: String? = nil,
        put: String? = nil, isUsed: Bool = true
    ) throws -> CredentialHealth.Facts {
        func day(_ text: String?) throws -> Int? { try text.map { try CalendarDate(parsing: $0).daysSince1970 } }
        return CredentialHealth.Facts(
            type: type, expires: try expires.map { try CalendarDate(parsing: $0) },
            today: try CalendarDate(parsing: today),
            lastUseDay: try day(lastUse), putDay: try day(put), isUsed: isUsed)
    }

    @Test("a credential is green, becomes yellow 30 days before its last day, and red after that day")
    func expiry() throws {
        #expect(CredentialHealth(try facts()).colour == .green)
        #expect(CredentialHealth(try facts(expires: "2026-12-24")).colour == .green)
        #expect(CredentialHealth(try facts(expires: "2026-12-23")).colour == .yellow)
        #expect(CredentialHealth(try facts(expires: "2026-11-23")).reasons == ["expires today"])
        let ended = CredentialHealth(try facts(expires: "2026-11-22"))
        #expect(ended.colour == .red && ended.reasons == ["expired on 2026-11-22"])
    }

    @Test("an API token that has not been used for weeks becomes yellow, then red; a service app stays green")
    func disuse() throws {
        #expect(CredentialHealth(try facts(lastUse: "2026-10-30")).colour == .green)
        #expect(CredentialHealth(try facts(lastUse: "2026-10-29")).colour == .yellow)
        #expect(CredentialHealth(try facts(lastUse: "2026-10-24")).colour == .red)
        #expect(CredentialHealth(try facts(lastUse: "2026-01-01", put: "2026-11-20")).colour == .green)
        #expect(CredentialHealth(try facts(.oauth, lastUse: "2026-01-01")).colour == .green)
        #expect(CredentialHealth(try facts(isUsed: false)).colour == .yellow)
    }

    @Test(
        "a warning is given once at 30, 7 and 1 days before the last day and once after it, even if daily checks were skipped"
    )
    func warnings() throws {
        var warnings = CredentialWarnings()
        var told: [String] = []
        for day in [
            "2026-11-30", "2026-12-01", "2026-12-02", "2026-12-24", "2026-12-25", "2026-12-30", "2026-12-31",
            "2027-01-01",
            "2027-01-05",
        ] where !warnings.due([("r", try facts(expires: "2026-12-31", today: day))]).isEmpty {
            told.append(day)
        }
        #expect(told == ["2026-12-01", "2026-12-24", "2026-12-30", "2027-01-01"])
        #expect(warnings.due([("r", try facts(expires: "2027-12-31", today: "2027-01-05"))]).isEmpty)
        let unused = try facts(lastUse: "2026-10-29")
        #expect(warnings.due([("r", unused)]).first?.contains("25 days") == true)
        #expect(warnings.due([("r", unused)]).isEmpty)
    }
}
