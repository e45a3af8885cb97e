from django.db import migrations, models


def place_running_switches(apps, editor):
    """A switch that was running has applied its one effect, or taken it back, in these states."""
    running = apps.get_model("clusterview", "Switch").objects.using(editor.connection.alias).filter(open=True)
    running.filter(returning=False, state__in=["applied", "verifying", "rolling_back"]).update(at=1)
    running.filter(returning=True).exclude(state__in=["applied", "verifying"]).update(at=1)


class Migration(migrations.Migration):

    dependencies = [
        ('clusterview', '0001_first'),
    ]

    operations = [
        migrations.AddField(
            model_name='switch',
            name='at',
            field=models.PositiveSmallIntegerField(default=0, help_text='which selector of the plan the last applied effect wrote'),
        ),
        migrations.AddField(
            model_name='switch',
            name='between',
            field=models.JSONField(default=list, help_text='selectors on the way from one to the other: the widened one of an overlap'),
        ),
        migrations.AddField(
            model_name='switch',
            name='failures',
            field=models.PositiveSmallIntegerField(default=0, help_text='times that a defect of ours ended a step'),
        ),
        migrations.AddField(
            model_name='switch',
            name='group',
            field=models.UUIDField(blank=True, db_index=True, help_text='switches that were asked for together, done one after another', null=True),
        ),
        migrations.AddField(
            model_name='switch',
            name='held_for',
            field=models.CharField(blank=True, help_text='code of the catalog: what it waits for in `held`', max_length=64),
        ),
        migrations.AddField(
            model_name='switch',
            name='overlap_seconds',
            field=models.PositiveSmallIntegerField(default=0, help_text='how long both sides take traffic before the old one is left'),
        ),
        migrations.AddField(
            model_name='switch',
            name='position',
            field=models.PositiveSmallIntegerField(default=0, help_text='its place in the group'),
        ),
        migrations.AlterField(
            model_name='switch',
            name='schema',
            field=models.PositiveSmallIntegerField(default=2),
        ),
        migrations.RunPython(place_running_switches, migrations.RunPython.noop),
    ]
