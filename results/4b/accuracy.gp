load "../style.gp"
set output "accuracy.svg"
set ylabel "validation accuracy"
set yrange [0.92:0.98]
set key bottom right
eval "plot ".evaluated("3c", "validation_accuracy", 1, "validation, 64 units (3c)").", ".\
    evaluated("4b", "validation_accuracy", 2, "validation, 128 units (4b)")
eval png
set output "accuracy.png"
replot
