load "../style.gp"
set output "loss.svg"
set ylabel "loss (nats per sample)"
set yrange [0:0.4]
eval "plot ".band("3c", 1).", ".\
    band("4b", 2).", ".\
    train("3c", 1, ", 64 units (3c)").", ".\
    train("4b", 2, ", 128 units (4b)").", ".\
    evaluated("3c", "validation_loss", 3, "validation, 64 units (3c)").", ".\
    evaluated("4b", "validation_loss", 4, "validation, 128 units (4b)")
eval png
set output "loss.png"
replot
