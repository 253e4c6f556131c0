import Time

/// The calendar of the whole module, so that only this file names where it comes from.
typealias CivilTime = Time.CivilTime
