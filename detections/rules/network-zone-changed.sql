-- A network zone was changed, deactivated or deleted
--
-- A network zone, which policies allow or block by, was changed, deactivated or deleted.
--
-- Follows: Sigma, Okta Network Zone Deactivated or Deleted: https://github.com/SigmaHQ/sigma/blob/master/rules/identity/okta/okta_network_zone_deactivated_or_deleted.yml
-- Follows: Elastic, Attempt to Deactivate an Okta Network Zone: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/defense_evasion_attempt_to_deactivate_okta_network_zone.toml
-- Follows: Elastic, Attempt to Delete an Okta Network Zone: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/defense_evasion_attempt_to_delete_okta_network_zone.toml
-- Follows: Elastic, Attempt to Modify an Okta Network Zone: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/defense_evasion_okta_attempt_to_modify_okta_network_zone.toml
-- ATT&CK: T1562.007 Disable or Modify Cloud Firewall
-- OCSF: 1.8.0, 1.5.0, 1.3.0
SELECT happened, activity_name, actor.user.name AS administrator, entity.name AS zone, src_endpoint.ip AS ip, [metadata.uid] AS uids
FROM okta
WHERE metadata.event_code IN ('zone.update', 'zone.deactivate', 'zone.delete', 'network_zone.rule.disabled', 'zone.remove_blacklist');
